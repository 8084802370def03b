"""What programs asked for without waiting for the answer."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "interop_asked",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("compartment", sa.Text(), nullable=False),
        sa.Column("sealed_for", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["sealed_for"], ["people_person.id"], name=op.f("fk_interop_asked_sealed_for")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interop_asked")),
    )
    op.create_index(op.f("ix_interop_asked_asked_at"), "interop_asked", ["asked_at"], unique=False)


def downgrade() -> None:
    op.drop_table("interop_asked")
