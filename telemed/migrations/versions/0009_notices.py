"""What is told to people, and the browsers that wish to be told."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = sa.text("done_at IS NULL")


def upgrade() -> None:
    utc = telemed.kit.db.Utc(timezone=True)
    op.create_table(
        "notify_notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("due_at", utc, nullable=False),
        sa.Column("until", utc, nullable=False),
        sa.Column("next_at", utc, nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_at", utc, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", utc, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("link_hash", sa.Text(), nullable=True),
        sa.CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name=op.f("ck_notify_notice_outcome")),
        sa.ForeignKeyConstraint(["person_id"], ["people_person.id"], name=op.f("fk_notify_notice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notify_notice")),
        sa.UniqueConstraint(
            "subject_id", "kind", "step", "channel", name=op.f("uq_notify_notice_subject_id_kind_step_channel")
        ),
        sa.UniqueConstraint("link_hash", name=op.f("uq_notify_notice_link_hash")),
    )
    op.create_index("ix_notify_notice_open", "notify_notice", ["channel", "next_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_notify_notice_done_at", "notify_notice", ["done_at"])
    op.create_table(
        "notify_push",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("subscription", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", utc, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people_person.id"], name=op.f("fk_notify_push_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notify_push")),
    )
    op.create_index(op.f("ix_notify_push_person_id"), "notify_push", ["person_id"])


def downgrade() -> None:
    op.drop_table("notify_push")
    op.drop_table("notify_notice")
