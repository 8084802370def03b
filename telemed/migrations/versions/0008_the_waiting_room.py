"""The waiting room: more facts of a visit, the doctor's own word, and what was last said of a start."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BEFORE = "'arrived', 'called', 'entered', 'ended', 'cleaned', 'no-show', 'emergency', 'helped'"
NEW = "'late', 'recalled', 'skipped', 'put-back', 'reopened'"


def upgrade() -> None:
    with op.batch_alter_table("visit_fact") as table:
        table.add_column(sa.Column("reason", sa.Text(), nullable=True))
        table.add_column(sa.Column("minutes", sa.Integer(), nullable=True))
    _allow(f"{BEFORE}, {NEW}")
    op.create_table(
        "queue_word",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("doctor_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind in ('later', 'interrupted', 'emergency', 'back')", name=op.f("ck_queue_word_kind")),
        sa.CheckConstraint("withdrawn in (0, 1)", name=op.f("ck_queue_word_withdrawn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_word")),
    )
    op.create_index(op.f("ix_queue_word_doctor_id"), "queue_word", ["doctor_id", "at"])
    op.create_table(
        "queue_said",
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("low", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("high", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["booking.id"], name=op.f("fk_queue_said_visit_id_booking")),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_queue_said")),
    )


def downgrade() -> None:
    op.drop_table("queue_said")
    op.drop_table("queue_word")
    op.execute(f"delete from visit_fact where kind in ({NEW})")
    _allow(BEFORE)
    with op.batch_alter_table("visit_fact") as table:
        table.drop_column("minutes")
        table.drop_column("reason")


def _allow(kinds: str) -> None:
    """SQLite's table is written anew without its checks."""
    with op.batch_alter_table("visit_fact") as table:
        if op.get_bind().dialect.name != "sqlite":
            table.drop_constraint(op.f("ck_visit_fact_kind"), type_="check")
        table.create_check_constraint(op.f("ck_visit_fact_kind"), f"kind in ({kinds})")
