"""Sealed sheets for after a visit, which run out."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aftercare_sheet",
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["booking.id"],
            name=op.f("fk_aftercare_sheet_visit_id_booking"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people_person.id"],
            name=op.f("fk_aftercare_sheet_person_id_people_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_aftercare_sheet")),
        sa.UniqueConstraint("id", name=op.f("uq_aftercare_sheet_id")),
    )
    op.create_index(op.f("ix_aftercare_sheet_person_id"), "aftercare_sheet", ["person_id"])
    op.create_index(op.f("ix_aftercare_sheet_expires_at"), "aftercare_sheet", ["expires_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_aftercare_sheet_expires_at"), table_name="aftercare_sheet")
    op.drop_index(op.f("ix_aftercare_sheet_person_id"), table_name="aftercare_sheet")
    op.drop_table("aftercare_sheet")
