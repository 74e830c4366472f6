# Commands for work on annotd; `just` lists them. Each line can be run without just as well.

export ANNOTD_TEST_TOOLS := env("ANNOTD_TEST_TOOLS", justfile_directory() / "target/test-tools")

# List the commands
default:
    @just --list

# Install what the tests need
setup:
    ./tests/setup

# The fast loop: format, types, unit tests and the tests of the page's modules; no server, no browser
fast:
    cargo fmt
    cargo test --quiet --lib
    npx tsc -p .
    node --test tests/web/*.test.js

# Everything that CI checks before the tests
lint:
    cargo fmt --check
    "$ANNOTD_TEST_TOOLS/checks/bin/typos"
    PATH="$PATH:$ANNOTD_TEST_TOOLS/checks/bin" cargo deny check bans licenses sources
    cargo clippy --all-targets --locked -- -D warnings
    npx tsc -p .

# All tests, or those whose names contain the arguments
test *arguments:
    ./tests/run {{ arguments }}

# Everything that has to hold of main
ci:
    ./.ci/run

# Start the daemon with the roster of this repository
run *arguments:
    cargo run --release -- {{ arguments }}

# The documentation of the code
doc:
    cargo doc --no-deps --open

# Measure: listeners, loops, mongo
bench name:
    cargo bench --bench {{ name }}

# The Debian package
package:
    packaging/build
