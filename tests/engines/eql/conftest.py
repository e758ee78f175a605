"""The EQL engine, as the tests of the target have it."""

from tests.backends.eql.conftest import eql_engine as eql_engine
