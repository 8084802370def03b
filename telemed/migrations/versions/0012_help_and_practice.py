"""Calls for help from the rooms, and how often people practised."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = telemed.kit.db.Utc(timezone=True)
    op.create_table(
        "help_call",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("through", sa.Text(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("over_at", moment, nullable=True),
        sa.Column("reach", sa.Integer(), nullable=False),
        sa.Column("reach_at", moment, nullable=True),
        sa.CheckConstraint("what in ('help', 'new-appointment', 'telephone')", name=op.f("ck_help_call_what")),
        sa.CheckConstraint("through in ('screen', 'key')", name=op.f("ck_help_call_through")),
        sa.CheckConstraint("state in ('asked', 'coming', 'over')", name=op.f("ck_help_call_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_call")),
    )
    op.create_index("ix_help_call_state", "help_call", ["state", "room_id"])
    op.create_table(
        "training_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("place in ('page', 'room')", name=op.f("ck_training_count_place")),
        sa.PrimaryKeyConstraint("day", "place", name=op.f("pk_training_count")),
    )


def downgrade() -> None:
    op.drop_table("training_count")
    op.drop_index("ix_help_call_state", table_name="help_call")
    op.drop_table("help_call")
