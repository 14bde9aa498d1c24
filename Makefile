# Each target sets up what it needs by itself, see .ci/bootstrap.
MAKEFLAGS += --no-print-directory
.SUFFIXES:
.PHONY: help sample self release-check test lint quick unit e2e newest lowest lock targets samples-tests clean \
    setup-sample setup-test setup-wheel

PYTHON_OPTION ?=
RELEASE_OPTION ?=
TARGETS ?= debian:11 debian:12 debian:13 rpm:4.18
PYTEST_OPTIONS ?=
# The tests of one file share packages and machines, so they stay together. End-to-end tests wait for machines that
# start and services that settle: two more processes than cores keep these busy.
PARALLEL ?= -n $(shell expr $$(nproc) + 2) --maxprocesses 8 --dist loadfile
venv := .venv/bin
wheel := PKGGEN_INSTALLED=1 .venv-wheel/bin
# what the templates become; a loop over one directory (SC2043) is a loop over several in another package
scripts := $(wildcard $(foreach s,preinst postinst prerm postrm,*-sample/rendered/deb/$(s)) \
    $(foreach s,pre post preun postun posttrans verifyscript,*-sample/rendered/rpm/$(s)) *-sample/rendered/*/opt/*/bin/*)

help:
	@echo 'make sample    build both samples as .deb and .rpm into dist/ and show them'
	@echo 'make self      build pkggen'"'"'s own .deb and .rpm into dist/, with pkggen'
	@echo 'make test      everything: lint, unit tests, end-to-end tests in real target systems'
	@echo 'make lint      ruff, mypy and shellcheck'
	@echo 'make quick     lint, and the unit tests that start no program (a minute)'
	@echo 'make unit      the tests that need no target system (some minutes)'
	@echo 'make e2e       the end-to-end tests alone'
	@echo 'make newest    quick unit tests and the input cells with the newest version of everything'
	@echo 'make lowest    the same with the lowest versions that setup.cfg allows'
	@echo 'make lock      renew .ci/requirements.txt, the lock of what these are run with'
	@echo 'make release-check  build what a release publishes into dist/, and tell what is still missing'
	@echo 'make targets   make the target systems ahead of the tests ($(TARGETS))'
	@echo 'make clean     remove what these made here; caches stay under ~/.cache'
	@echo
	@echo 'make sample PYTHON_OPTION="--python 3.13"    another interpreter than the host'"'"'s'
	@echo 'make test PARALLEL=                          one test after the other'
	@echo 'make unit PYTEST_OPTIONS="-k config"         options for pytest'

sample: setup-sample
	@for sample in debian-sample rpm-sample; do \
	    $(venv)/pkggen build $$sample --output dist $(PYTHON_OPTION) >dist.list || { status=$$?; rm dist.list; exit $$status; }; \
	    while read -r package; do \
	        printf '\n== %s (%s bytes)\n' "$$package" "$$(wc -c <"$$package")"; \
	        $(venv)/pkggen inspect --no-files "$$package" | sed '/^--- /,$$d'; \
	    done <dist.list; \
	    rm dist.list; \
	done
	@echo 'Install one where there is no network: apt install ./FILE.deb, or dnf install ./FILE.rpm'

# What pyproject.toml says under tool.pkggen, with man pages made of the help that the commands have now.
self: setup-sample
	@rm -rf build/man
	@$(venv)/pkggen manual build/man >/dev/null
	@$(venv)/pkggen build . --output dist $(PYTHON_OPTION)

# The wheel is built of the sdist, as by those who build it again; both are read by the index's own rules.
release-check: setup-test self
	@$(venv)/python -m build --no-isolation --outdir dist . >build/build.log 2>&1 || { cat build/build.log >&2; exit 1; }
	@$(venv)/python .ci/release.py dist $(RELEASE_OPTION)

# What the tests need is made side by side, for it waits for networks and disks.
test: setup-test
	@$(MAKE) --jobs --output-sync=target lint samples-tests targets setup-wheel
	$(wheel)/pytest $(PARALLEL) tests/unit tests/e2e $(PYTEST_OPTIONS)

lint: setup-test
	$(venv)/ruff check .
	$(venv)/ruff format --check .
	$(venv)/ruff check --config pkggen/activation/ruff.toml pkggen/activation
	$(venv)/mypy
	shellcheck --shell=sh --exclude=SC2043 .ci/bootstrap .ci/lock .ci/run .ci/versions .ci/wheel $(scripts)

quick: lint
	$(venv)/pytest $(PARALLEL) tests/unit --quick $(PYTEST_OPTIONS)

unit: setup-test
	$(venv)/pytest $(PARALLEL) tests/unit $(PYTEST_OPTIONS)

e2e: targets setup-wheel
	$(wheel)/pytest $(PARALLEL) tests/e2e $(PYTEST_OPTIONS)

# The other versions are tried where they matter: in our own rules, and with the locks of others.
# What runs on the target imports the standard library alone, so its tests can't tell one version from another.
# `make lowest QUICK=` also runs the unit tests that start programs; what those programs do, the input cells try.
QUICK ?= --quick
newest lowest: setup-test targets
	.ci/versions $@
	[ -e .venv-$@/as-locked ] || PKGGEN_INSTALLED=1 .venv-$@/bin/pytest $(PARALLEL) tests/unit tests/e2e/test_inputs.py \
	    --ignore tests/unit/activation $(QUICK) $(PYTEST_OPTIONS)

lock: setup-test
	.ci/lock

# The samples' own tests, each in an environment of its own, with its own lock and our pytest.
samples-tests: setup-test
	@pytest=$$(sed -n 's/^\(pytest==[^ ]*\).*/\1/p' .ci/requirements.txt); \
	for sample in debian-sample rpm-sample; do \
	    echo "$$sample: its own tests"; \
	    (cd $$sample && ../$(venv)/uv run -q --isolated --no-project --python ../$(venv)/python \
	        --with-requirements requirements.txt --with "$$pytest" --with . \
	        python -m pytest -q -p no:cacheprovider) || exit; \
	done

# Slow the first time (minutes), nothing afterwards. Where they can't be made, the tests say why.
targets: setup-test
	@$(venv)/python -m tests.targets make $(TARGETS) || true

setup-sample:
	@.ci/bootstrap sample

setup-test:
	@.ci/bootstrap test

# What users install is what is tested: the wheel, in an environment without this tree.
setup-wheel: setup-test
	@.ci/wheel

clean:
	rm -rf .venv .venv-* dist build dist.list *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
