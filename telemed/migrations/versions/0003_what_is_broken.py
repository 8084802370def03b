"""Devices that a room found broken, and that the planner does without."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_block",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("since", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_directory_block")),
    )
    op.create_table(
        "upkeep_broken",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("since", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_upkeep_broken")),
    )
    op.create_index(op.f("ix_upkeep_broken_room_id"), "upkeep_broken", ["room_id"])


def downgrade() -> None:
    op.drop_table("upkeep_broken")
    op.drop_table("directory_block")
