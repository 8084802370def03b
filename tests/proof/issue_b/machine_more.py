"""The other half of the runs of `machine`, from other seeds."""

from dataclasses import replace

from tests.proof.issue_b import machine

PROOF = replace(machine.PROOF, name="machine-more", seed=machine.PROOF.seed + 1_000_000)
