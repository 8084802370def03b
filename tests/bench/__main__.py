"""`python -m tests.bench [WORD…]`: the figures whose row names contain one of the words; exit 1 if one misses."""

import sys

from tests.bench.harness import run

sys.exit(0 if run(sys.argv[1:]) else 1)
