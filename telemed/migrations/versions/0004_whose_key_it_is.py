"""Keys of doctors' browsers, and the roster that the operator has signed."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_browser_key",
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("doctor_id", sa.Text(), nullable=False),
        sa.Column("enrolled_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("revoked", sa.Integer(), nullable=False),
        sa.CheckConstraint("revoked in (0, 1)", name=op.f("ck_identity_browser_key_revoked")),
        sa.PrimaryKeyConstraint("public_key", name=op.f("pk_identity_browser_key")),
    )
    op.create_index(op.f("ix_identity_browser_key_doctor_id"), "identity_browser_key", ["doctor_id"])
    op.create_table(
        "identity_roster",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.Column("published_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_identity_roster")),
    )


def downgrade() -> None:
    op.drop_table("identity_roster")
    op.drop_table("identity_browser_key")
