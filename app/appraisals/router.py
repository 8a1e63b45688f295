"""Appraisals over HTTP."""

from fastapi import APIRouter

from app.core.http import Route

router = APIRouter(tags=["appraisals"], route_class=Route)
