"""Run by Alembic: the connection comes from the caller, whose transaction it is."""

from alembic import context

from telemed.migrations.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
    render_as_batch=True,
)
context.run_migrations()
