"""Reports: tables and charts as plain data, and what makes text, Markdown, CSV and one HTML page of them."""

from routematch.report.cells import shown
from routematch.report.chart import Chart, Mark, Series
from routematch.report.page import Reportable, html, write
from routematch.report.table import Cell, Column, Table
from routematch.report.texts import csv_text, markdown, text

__all__ = [
    "Cell",
    "Chart",
    "Column",
    "Mark",
    "Reportable",
    "Series",
    "Table",
    "csv_text",
    "html",
    "markdown",
    "shown",
    "text",
    "write",
]
