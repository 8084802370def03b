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


def downgrade() -> None:
    op.drop_table("people_act")
