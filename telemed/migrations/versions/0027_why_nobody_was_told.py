"""Why a program's endpoint did not take what it was told."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscribe_subscription", sa.Column("why", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("subscribe_subscription", "why")
