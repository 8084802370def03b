"""Ends of a call that were not trusted."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signalling_refused",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signalling_refused")),
    )
    op.create_index(op.f("ix_signalling_refused_visit_id"), "signalling_refused", ["visit_id"])


def downgrade() -> None:
    op.drop_table("signalling_refused")
