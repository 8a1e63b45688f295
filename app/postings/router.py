"""Postings over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["postings"], route_class=Route)
