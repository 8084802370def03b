"""Appointments of other systems that are held and not confirmed yet."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE = "status in ('booked', 'cancelled')"
AFTER = "status in ('booked', 'pending', 'cancelled')"


def upgrade() -> None:
    _allow(BEFORE, AFTER)
    op.create_table(
        "booking_pending",
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("held_until", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("confirms", sa.Text(), nullable=False),
        sa.Column("extended", sa.Integer(), nullable=False),
        sa.CheckConstraint("confirms in ('client', 'staff')", name=op.f("ck_booking_pending_confirms")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_booking_pending_booking_id")),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_booking_pending")),
    )
    op.create_index(op.f("ix_booking_pending_held_until"), "booking_pending", ["held_until"], unique=False)


def downgrade() -> None:
    op.drop_table("booking_pending")
    op.execute("update booking set status = 'cancelled' where status = 'pending'")
    _allow(AFTER, BEFORE)


def _allow(before: str, after: str) -> None:
    """Change what *status* may be.

    SQLite cannot, and to write the table anew would break the keys that point to it. So its own text is changed, as
    SQLite describes it for what does not touch rows (lang_altertable, "Making Other Kinds Of Table Schema Changes").
    """
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_booking_status"), "booking", type_="check")
        op.create_check_constraint(op.f("ck_booking_status"), "booking", after)
        return
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'booking'", (before, after)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=OFF")
