"""Who subscribed to what at the FHIR interface, and what happened for each."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscribe_subscription",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("heartbeat_s", sa.Integer(), nullable=True),
        sa.Column("timeout_s", sa.Integer(), nullable=False),
        sa.Column("together", sa.Integer(), nullable=False),
        sa.Column("ends_at", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.Column("heard_at", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.Column("next_at", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("taken_at", telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('requested', 'active', 'error', 'off')", name=op.f("ck_subscribe_subscription_state")
        ),
        sa.CheckConstraint("told <= last", name=op.f("ck_subscribe_subscription_told")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribe_subscription")),
    )
    op.create_index(op.f("ix_subscribe_subscription_client"), "subscribe_subscription", ["client"], unique=False)
    op.create_table(
        "subscribe_event",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("focus", sa.Text(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscribe_subscription.id"],
            name=op.f("fk_subscribe_event_subscription_id_subscribe_subscription"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscription_id", "number", name=op.f("pk_subscribe_event")),
    )
    op.create_index("ix_subscribe_event_at", "subscribe_event", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_subscribe_event_at", table_name="subscribe_event")
    op.drop_table("subscribe_event")
    op.drop_index(op.f("ix_subscribe_subscription_client"), table_name="subscribe_subscription")
    op.drop_table("subscribe_subscription")
