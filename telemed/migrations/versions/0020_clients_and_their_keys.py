"""Clients and their keys, and what they did."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_act",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_act")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_people_act_client_at", "people_act", ["client", "at"])
    op.create_table(
        "identity_client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_set", sa.Text(), nullable=False),
        sa.Column("key_set_url", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("used_at", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.Column("revoked_at", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_client")),
    )
    op.create_table(
        "identity_assertion",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("until", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_identity_assertion")),
    )
    op.create_index(op.f("ix_identity_assertion_until"), "identity_assertion", ["until"])
    op.add_column("identity_bearer", sa.Column("scopes", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("identity_bearer", "scopes")
    op.drop_table("identity_assertion")
    op.drop_table("identity_client")
    op.drop_table("people_act")
