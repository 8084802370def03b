"""Numbers and addresses as keyed hashes, and the codes that go to them."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people_person", sa.Column("contact_hash", sa.Text(), nullable=True))
    op.create_index(op.f("ix_people_person_contact_hash"), "people_person", ["contact_hash"], unique=False)
    op.create_table(
        "notify_code",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("contact_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("proven", sa.Integer(), nullable=False),
        sa.CheckConstraint("proven in (0, 1)", name=op.f("ck_notify_code_proven")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notify_code")),
    )
    op.create_index(op.f("ix_notify_code_contact_hash"), "notify_code", ["contact_hash"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_notify_code_contact_hash"), table_name="notify_code")
    op.drop_table("notify_code")
    op.drop_index(op.f("ix_people_person_contact_hash"), table_name="people_person")
    op.drop_column("people_person", "contact_hash")
