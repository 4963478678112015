"""Filters in a list's address that the list cannot follow."""

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


class WrongFilter(Exception):
    """The address filters by something the list does not have, or for a value that cannot be.

    Stands in for Django's IncorrectLookupParameters, which Django's own list view catches: it
    then shows every row, and does not say so.
    """


# All that a bad filter can end in. Besides Django's refusals: a number or a date that Django lets
# through, and that no column of the database could hold.
WRONG_FILTER = (WrongFilter, IncorrectLookupParameters, OverflowError, DataError)


def without_filters(request: HttpRequest, url: str) -> HttpResponse:
    messages.error(request, "过滤条件有误，已清除。")
    return redirect(url)
