"""The directory's resources are numbered, and what they were before is kept for a while."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("directory_resource", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.create_table(
        "directory_former",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("replaced_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "version", name=op.f("pk_directory_former")),
    )
    op.create_index("ix_directory_former_replaced_at", "directory_former", ["replaced_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_directory_former_replaced_at", table_name="directory_former")
    op.drop_table("directory_former")
    op.drop_column("directory_resource", "version")
