"""/api/agents: who works here. Changing that takes a token of an admin."""

import logging
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from core.errors import DeskError, NotFound
from core.models import Agent, Role
from core.text import safe_line
from web.api.answer import answered
from web.api.body import ADDRESS, Asked, Department, Email, Line, body_of, left_out, read_body
from web.api.caller import Caller, caller_of
from web.api.condition import request_id_of
from web.api.door import ApiRoute
from web.front import Front, front_of

_logger = logging.getLogger("ttydesk.web")
router = APIRouter(prefix="/api/agents", tags=["agents"], route_class=ApiRoute)
me = APIRouter(prefix="/api/whoami", tags=["agents"], route_class=ApiRoute)

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Id = Annotated[str, Path(pattern=f"^(?:{_UUID}|{ADDRESS})$", description="An agent's id, or address.")]
Departments = Annotated[list[Department], Field(max_length=100)]
_NEW = {"email": "grace@example.com", "name": "Grace", "departments": ["billing"]}
_CHANGES = {"active": False}


class NewAgent(Asked):
    email: Email
    name: Line = ""
    role: Role = Role.AGENT
    departments: Departments = []
    """Whose tickets the agent sees, besides those of none; an empty list: all."""


class AgentChanges(Asked):
    """What an agent is to become. What is left out stays as it is."""

    name: Line = Field(default_factory=left_out)
    role: Role = Field(default_factory=left_out)
    departments: Departments = Field(default_factory=left_out)
    active: bool = Field(default_factory=left_out)
    signature: Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")] = Field(
        default_factory=left_out
    )


@me.get("", response_model=Agent, summary="Whose token this is")
async def whoami(request: Request) -> Response:
    """The agent it works for. Every token may ask."""
    return answered(await caller_of(request).gateway.read("whoami"))


@router.get("", response_model=list[Agent], summary="List agents")
async def list_agents(request: Request) -> Response:
    """Everyone who works or worked here."""
    return answered(await caller_of(request).gateway.read("list_agents"))


@router.post(
    "", status_code=201, response_model=Agent, summary="Make an agent", openapi_extra=body_of(NewAgent, _NEW)
)
async def add_agent(request: Request) -> Response:
    """Make somebody an agent, or active again. At Supabase they get a mail with which they can sign in."""
    asked, caller = await read_body(request, NewAgent), caller_of(request)
    added = await caller.desk.add_agent(
        asked.email, asked.name, asked.role, asked.departments, request_id_of(request, caller)
    )
    await _invite(front_of(request), added.email)
    return answered(added, 201)


async def _invite(front: Front, email: str) -> None:
    """Who is not reached by it can sign in all the same, so a failure is only noted."""
    if front.accounts is None:
        return
    try:
        await front.accounts.invite(email)
    except DeskError as error:
        _logger.warning("The invitation of a new agent could not be mailed: %s", safe_line(str(error)))


@router.put(
    "/{id}", response_model=Agent, summary="Update an agent", openapi_extra=body_of(AgentChanges, _CHANGES)
)
async def update_agent(request: Request, id: Id) -> Response:
    """Change the fields that are named. An agent who is made inactive can do nothing from then on."""
    asked, caller = await read_body(request, AgentChanges), caller_of(request)
    email = id if "@" in id else await _email(caller, id)
    return answered(await caller.desk.update_agent(email, asked.model_dump(mode="json", exclude_unset=True)))


async def _email(caller: Caller, id: str) -> str:
    found = [agent.email for agent in await caller.desk.list_agents() if str(agent.id) == id]
    if not found:
        raise NotFound(f"There is no agent {id}.", hint="See GET /api/agents.")
    return found[0]
