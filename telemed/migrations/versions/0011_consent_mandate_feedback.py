"""What people agree to, who may act for them, what they say of it, and that they had their data erased."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_person_id")
    return sa.ForeignKeyConstraint(["person_id"], ["people_person.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    utc = telemed.kit.db.Utc(timezone=True)
    op.create_table(
        "people_consent",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("at", utc, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose in ('video', 'letter', 'reminders', 'relative')", name=op.f("ck_people_consent_purpose")
        ),
        sa.CheckConstraint("answer in ('yes', 'no', 'discuss')", name=op.f("ck_people_consent_answer")),
        sa.CheckConstraint("how in ('online', 'spoken', 'paper')", name=op.f("ck_people_consent_how")),
        _of_person("people_consent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_consent")),
    )
    op.create_index(op.f("ix_people_consent_person_id"), "people_consent", ["person_id"])
    op.create_table(
        "people_mandate",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("relative", sa.LargeBinary(), nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("given_at", utc, nullable=False),
        sa.Column("expires_at", utc, nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("opened_at", utc, nullable=True),
        sa.Column("ended_at", utc, nullable=True),
        _of_person("people_mandate"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_mandate")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_people_mandate_link_hash")),
    )
    op.create_index(op.f("ix_people_mandate_person_id"), "people_mandate", ["person_id"])
    op.create_table(
        "feedback_face",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_feedback_face_count")),
        sa.PrimaryKeyConstraint("month", "said", name=op.f("pk_feedback_face")),
    )
    op.create_table(
        "feedback_barrier",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", utc, nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        _of_person("feedback_barrier"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_barrier")),
    )
    op.create_index(op.f("ix_feedback_barrier_person_id"), "feedback_barrier", ["person_id"])
    op.create_table(
        "privacy_erasure",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_hash", sa.Text(), nullable=False),
        sa.Column("at", utc, nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_erasure")),
    )


def downgrade() -> None:
    for table in ("privacy_erasure", "feedback_barrier", "feedback_face", "people_mandate", "people_consent"):
        op.drop_table(table)
