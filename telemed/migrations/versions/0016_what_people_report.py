"""What people report to be wrong in a room."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    whats = "'no-reaction', 'wrong', 'damaged', 'dirty', 'missing', 'empty', 'other'"
    op.create_table(
        "upkeep_defect",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=False),
        sa.Column("reported_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.CheckConstraint(f"what in ({whats})", name=op.f("ck_upkeep_defect_what")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upkeep_defect")),
    )
    op.create_index(op.f("ix_upkeep_defect_room_id"), "upkeep_defect", ["room_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_upkeep_defect_room_id"), table_name="upkeep_defect")
    op.drop_table("upkeep_defect")
