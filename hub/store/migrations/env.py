"""Alembic's entry: runs the migrations on the connection that the store hands over, or writes them down as SQL."""

from alembic import context

from hub.store.tables import metadata

given = context.config.attributes
if context.is_offline_mode():
    context.configure(dialect_name=given["dialect"], target_metadata=metadata)
else:
    context.configure(connection=given["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
