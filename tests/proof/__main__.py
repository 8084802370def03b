"""`python -m tests.proof [NAME…]`: all proofs, or those named (`a-fresh`); exit 1 if one does not hold."""

import json
import sys
from dataclasses import asdict

from tests.proof.harness import current_commit, proofs, run


def main(wanted: list[str]) -> int:
    known = {proof.full_name: proof for proof in proofs()}
    unknown = set(wanted) - set(known)
    if unknown:
        print(f"no such proof: {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    results, commit = [], current_commit()
    for name in wanted or known:
        state = run(known[name], commit)
        print(json.dumps(asdict(state), ensure_ascii=False), flush=True)
        results.append(state.result)
    return 0 if set(results) <= {"pass"} else 1


sys.exit(main(sys.argv[1:]))
