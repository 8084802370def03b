"""Programs read their own lines of the audit, and give their requests names."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people_act", sa.Column("role", sa.Text(), server_default=sa.text("'client'"), nullable=False))
    op.add_column("people_act", sa.Column("request_id", sa.Text(), server_default=sa.text("''"), nullable=False))
    is_client = sa.text("role = 'client'")
    op.create_index(
        "ix_people_audit_client",
        "people_audit",
        ["subject", "at"],
        unique=False,
        sqlite_where=is_client,
        postgresql_where=is_client,
    )


def downgrade() -> None:
    op.drop_index("ix_people_audit_client", table_name="people_audit")
    op.drop_column("people_act", "request_id")
    op.drop_column("people_act", "role")
