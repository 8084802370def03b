"""Staff sign in by passkeys, and sessions say where and how; whoever was signed in signs in anew."""

import sqlalchemy as sa
from alembic import op

from telemed.kit.db import Utc

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("identity_session")
    op.create_table(
        "identity_session",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("opened_at", Utc(timezone=True), nullable=False),
        sa.Column("seen_at", Utc(timezone=True), nullable=False),
        sa.Column("fresh_at", Utc(timezone=True), nullable=True),
        sa.Column("expires_at", Utc(timezone=True), nullable=False),
        sa.CheckConstraint("way in ('link', 'passkey', 'oidc')", name=op.f("ck_identity_session_way")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_identity_session")),
        sa.UniqueConstraint("id", name=op.f("uq_identity_session_id")),
    )
    op.create_index("ix_identity_session_who", "identity_session", ["role", "subject"])
    op.create_table(
        "identity_member",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("added_at", Utc(timezone=True), nullable=False),
        sa.Column("revoked", sa.Integer(), nullable=False),
        sa.CheckConstraint("role in ('doctor', 'assistant', 'operator')", name=op.f("ck_identity_member_role")),
        sa.CheckConstraint("revoked in (0, 1)", name=op.f("ck_identity_member_revoked")),
        sa.PrimaryKeyConstraint("role", "subject", name=op.f("pk_identity_member")),
        sa.UniqueConstraint("handle", name=op.f("uq_identity_member_handle")),
    )
    op.create_table(
        "identity_passkey",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("used_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_passkey")),
    )
    op.create_index(op.f("ix_identity_passkey_subject"), "identity_passkey", ["subject"])
    op.create_table(
        "identity_answered",
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("expires_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("question", name=op.f("pk_identity_answered")),
    )
    op.create_table(
        "identity_recovery",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("second", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("started_at", Utc(timezone=True), nullable=False),
        sa.Column("expires_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_recovery")),
    )


def downgrade() -> None:
    for table in ("identity_recovery", "identity_answered", "identity_passkey", "identity_member", "identity_session"):
        op.drop_table(table)
    op.create_table(
        "identity_session",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("expires_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_identity_session")),
    )
