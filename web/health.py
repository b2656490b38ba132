"""/health: whether the web server and its database answer, for whoever watches over them."""

from fastapi import APIRouter, Request

from web.front import front_of

router = APIRouter()


@router.get("/health", include_in_schema=False)
async def health(request: Request) -> dict[str, str]:
    await front_of(request).desk.due_in()
    return {"status": "ok"}
