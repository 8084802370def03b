"""The six digits of the paper say on their day that somebody has come."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking", sa.Column("arrival_hash", sa.Text(), nullable=True))
    op.create_index(op.f("ix_booking_arrival_hash"), "booking", ["arrival_hash"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_booking_arrival_hash"), table_name="booking")
    op.drop_column("booking", "arrival_hash")
