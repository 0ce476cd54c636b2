"""Amazon Athena: SQL over the lake, started, watched, and read by page or as files in S3.

The statement's text goes to `statements` (what kind it is), a query to the engine of `engines.sql`, Hive's
DDL to `ddl`, which speaks to Glue. https://docs.aws.amazon.com/athena/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from cumulet.services import Service
from cumulet.services.athena.asking import Asking
from cumulet.services.athena.data_catalogs import DataCatalogs
from cumulet.services.athena.metadata import Metadata
from cumulet.services.athena.named_queries import NamedQueries
from cumulet.services.athena.prepared_statements import PreparedStatements
from cumulet.services.athena.query_executions import QueryExecutions
from cumulet.services.athena.results import Results
from cumulet.services.athena.runs import Runs
from cumulet.services.athena.tags import Tags
from cumulet.services.athena.work_groups import WorkGroups


class Athena(
    QueryExecutions,
    Runs,
    Results,
    WorkGroups,
    DataCatalogs,
    Metadata,
    NamedQueries,
    PreparedStatements,
    Tags,
    Asking,
    Service,
):
    """The operations of Athena, one noun per file."""

    validation_code = "InvalidRequestException"
