"""Invitations into visits."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_invitation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("expires_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("used_at", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.Column("revoked", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "role in ('relative', 'interpreter', 'colleague', 'organiser')", name=op.f("ck_identity_invitation_role")
        ),
        sa.CheckConstraint("revoked in (0, 1)", name=op.f("ck_identity_invitation_revoked")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_invitation")),
        sa.UniqueConstraint("hash", name=op.f("uq_identity_invitation_hash")),
    )
    op.create_index(op.f("ix_identity_invitation_visit_id"), "identity_invitation", ["visit_id"])


def downgrade() -> None:
    op.drop_table("identity_invitation")
