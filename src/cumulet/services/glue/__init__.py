"""AWS Glue: the Data Catalog that Athena and every other engine reads, crawlers that fill it, and jobs.

https://docs.aws.amazon.com/glue/latest/webapi/Welcome.html
"""

from cumulet.services.glue.catalog import Catalog
from cumulet.services.glue.connections import Connections
from cumulet.services.glue.crawlers import Crawlers
from cumulet.services.glue.functions import UserDefinedFunctions
from cumulet.services.glue.indexes import PartitionIndexes
from cumulet.services.glue.jobs import Jobs
from cumulet.services.glue.optimizers import TableOptimizers
from cumulet.services.glue.partitions import Partitions
from cumulet.services.glue.resource_policies import ResourcePolicies
from cumulet.services.glue.search import Search
from cumulet.services.glue.statistics_runs import StatisticsRuns
from cumulet.services.glue.tables import Tables
from cumulet.services.glue.tags import Tags
from cumulet.services.glue.versions import Versions


class Glue(
    Tables,
    Versions,
    Search,
    Partitions,
    PartitionIndexes,
    StatisticsRuns,
    TableOptimizers,
    UserDefinedFunctions,
    Crawlers,
    Jobs,
    Connections,
    ResourcePolicies,
    Tags,
    Catalog,
):
    """Every operation of Glue that Cumulet carries; each resource's are in the file of its name."""
