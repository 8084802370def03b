"""What was learnt of earlier days."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "queue_tally",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("as_of", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_queue_tally_only")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_tally")),
    )
    op.create_table(
        "queue_spread",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("doctor_id", sa.Text(), nullable=False),
        sa.Column("quantiles", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_queue_spread")),
    )


def downgrade() -> None:
    op.drop_table("queue_spread")
    op.drop_table("queue_tally")
