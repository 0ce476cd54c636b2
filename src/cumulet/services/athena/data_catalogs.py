"""Data catalogs: AwsDataCatalog, which is Glue, and the names that stand for it.

https://docs.aws.amazon.com/athena/latest/APIReference/API_DataCatalog.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.services.athena import paging
from cumulet.services.athena.refusals import invalid
from cumulet.services.athena.tags import remember_tags
from cumulet.store.records import RecordExists

KIND = "athena.data_catalog"
OWN = "AwsDataCatalog"


class DataCatalogs(Service):
    """A catalog of type GLUE is another name for this account's; LAMBDA and HIVE ones need a connector to run."""

    def create_data_catalog(
        self,
        *,
        Name: str,
        Type: str,
        Description: str = "",
        Parameters: dict[str, str] | None = None,
        Tags: list[dict[str, str]] | None = None,
    ) -> dict[str, Any]:
        if Name.lower() == OWN.lower():
            raise invalid(f"DataCatalog {Name} already exists")
        parameters = Parameters or {}
        if Type == "GLUE" and parameters.get("catalog-id", self.caller.account) != self.caller.account:
            raise invalid("Cumulet reads the Glue Data Catalog of the caller's own account only")
        body = {
            "Name": Name,
            "Type": Type,
            "Description": Description,
            "Parameters": parameters,
            "Status": "CREATE_COMPLETE",
        }
        try:
            self.store.records.create(KIND, self.caller.scope, Name, body)
        except RecordExists:
            raise invalid(f"DataCatalog {Name} already exists") from None
        remember_tags(self, self.arn(f"datacatalog/{Name}"), Tags or [])
        return {"DataCatalog": body}

    def get_data_catalog(self, *, Name: str, WorkGroup: str = "") -> dict[str, Any]:
        """WorkGroup only matters to IAM Identity Center, which has no say here."""
        return {"DataCatalog": self.data_catalog(Name)}

    def data_catalog(self, name: str) -> dict[str, Any]:
        if name.lower() == OWN.lower():
            return {
                "Name": OWN,
                "Type": "GLUE",
                "Parameters": {"catalog-id": self.caller.account},
                "Status": "CREATE_COMPLETE",
            }
        found = self.store.records.get(KIND, self.caller.scope, name)
        if found is None:
            raise invalid(f"DataCatalog {name} was not found.")
        return found

    def list_data_catalogs(
        self, *, NextToken: str | None = None, MaxResults: int = 50, WorkGroup: str = ""
    ) -> dict[str, Any]:
        """WorkGroup only matters to IAM Identity Center, which has no say here."""
        bodies = {OWN: self.data_catalog(OWN), **dict(self.store.records.list(KIND, self.caller.scope))}
        names, token = paging.page(sorted(bodies), MaxResults, NextToken)
        summaries = [
            {"CatalogName": name, "Type": bodies[name]["Type"], "Status": bodies[name]["Status"]}
            for name in names
        ]
        return {"DataCatalogsSummary": summaries, "NextToken": token}

    def update_data_catalog(
        self, *, Name: str, Type: str, Description: str = "", Parameters: dict[str, str] | None = None
    ) -> dict[str, Any]:
        body = {
            **self.data_catalog(Name),
            "Type": Type,
            "Description": Description,
            "Parameters": Parameters or {},
        }
        if Name.lower() == OWN.lower():
            raise invalid(f"{OWN} cannot be changed")
        self.store.records.put(KIND, self.caller.scope, Name, body)
        return {}

    def delete_data_catalog(self, *, Name: str) -> dict[str, Any]:
        body = self.data_catalog(Name)
        if Name.lower() == OWN.lower():
            raise invalid(f"{OWN} cannot be deleted")
        self.store.records.delete(KIND, self.caller.scope, Name)
        return {"DataCatalog": {**body, "Status": "DELETE_COMPLETE"}}
