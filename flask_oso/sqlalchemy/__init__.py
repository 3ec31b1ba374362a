"""SQLAlchemy: the only package here that imports it.

Its function ``register_models`` registers mapped classes, so that ``Oso.authorized_query`` can make
one SELECT of a policy; ``SqlAlchemyAdapter`` reads relations that are declared by hand.

``mapped``, ``statements``
    mapped classes as a schema; conditions as clauses.
``unloaded_rows``, ``row_keys``
    to which rows relations lead that are not loaded; rows as plain data, and which objects are the
    same row.
``read_conditions``, ``queries``, ``adapter``
    conditions as options of statements; residuals, and filters of oso 0.27, as statements.
``sessions``
    sessions that select only what an actor may read.
``identities``, ``commits``
    rows by keys from clients; watching commits.
``tools``
    a first policy from models; what a change of a policy changes.
"""

try:
    import sqlalchemy as sa
except ModuleNotFoundError as error:
    raise ImportError(
        "'flask_oso.sqlalchemy' needs SQLAlchemy 2.0 or later, which is not installed. Install it"
        " with 'pip install flask-oso[sqlalchemy]'."
    ) from error

if sa.__version__.startswith(("0.", "1.")):
    # Without this the first name that is not there yet would be the message.
    raise ImportError(
        f"SQLAlchemy {sa.__version__} is installed, and 'flask_oso.sqlalchemy' needs 2.0 or later."
        " Upgrade it, or keep 'sqlalchemy_oso', which works with 'install_as_oso'."
    )

from .adapter import SqlAlchemyAdapter
from .queries import Selects, register_models

__all__ = ["Selects", "SqlAlchemyAdapter", "register_models"]
