"""What every connector owes the engine, tried on recorded pages of both editions."""

from pathlib import Path

from pydantic import SecretStr

from hub.testing import ConnectorContract
from hub_jira.config import JiraConfig
from hub_jira.connector import Jira

HERE = Path(__file__).parent


class TestCloud(ConnectorContract):
    pages = HERE / "pages-cloud"

    def connector(self) -> Jira:
        return Jira(
            JiraConfig(
                connector="jira",
                base_url="https://acme.atlassian.net",
                email="hub@acme.example",
                token=SecretStr("kept-secret"),
                page_size=4,
                project="CLAIMS",
            )
        )


class TestDataCenter(ConnectorContract):
    pages = HERE / "pages-server"

    def connector(self) -> Jira:
        token = SecretStr("kept-secret")
        return Jira(
            JiraConfig(
                connector="jira", base_url="https://jira.acme.example/jira", token=token, page_size=4, project="CLAIMS"
            )
        )
