# The front door. Meson does the work; this installs what it needs on Debian and names what there is to do.
#   make demo        what LLaMA-65B takes to train, predicted beside published; then the audit of a claims table
#   make test        build and run all tests
#   make bench       speed and size beside their limits
#   make doc         the reference, by Doxygen
#   make install     PREFIX=/usr/local, LIBDIR=lib, DESTDIR=
#   make uninstall   what make install put there, from the same build directory
#   make abi-update  take today's ABI as the reference
#   make clean
# The longer suites are in .ci/run.

# Debian's own tools, whatever else is in PATH.
export PATH := /usr/bin:/bin:/usr/sbin:/sbin:$(PATH)
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
LIBDIR ?= lib
BUILD ?= build
export PYTHON
# The programs find the library beside them by /proc, which a bare root may not have mounted.
export LD_LIBRARY_PATH := $(CURDIR)/$(BUILD)$(addprefix :,$(LD_LIBRARY_PATH))

# Ninja draws its progress on a terminal and says nothing elsewhere, unless something fails.
NINJA = if [ -t 1 ]; then ninja -C $(BUILD) $(1); else ninja --quiet -C $(BUILD) $(1); fi
# An existing build directory keeps the options it has, but for those given.
CONFIGURE = echo '==> configuring $(BUILD)'; \
	if [ -f $(BUILD)/build.ninja ]; then set -- configure; else set -- setup; fi; \
	out=$$({ meson "$$1" $(BUILD) $(1) && ninja -C $(BUILD) build.ninja; } 2>&1) || { echo "$$out"; exit 1; }

.PHONY: demo test bench bench-update doc install uninstall abi-update clean

demo:
	@tools/setup.sh build
	@[ -f $(BUILD)/build.ninja ] || { $(call CONFIGURE,-Dtests=false); }
	@echo '==> building'; $(call NINJA,tools/speedup)
	@echo '==> speedup estimate examples/llama-65b-training.yaml'; echo
	@$(BUILD)/tools/speedup estimate examples/llama-65b-training.yaml
	@echo; echo '==> speedup audit examples/speedup-analysis-v1900.yaml'; echo
	@$(BUILD)/tools/speedup audit examples/speedup-analysis-v1900.yaml

test: build-tests
	@echo '==> testing'; meson test -C $(BUILD) --no-rebuild --print-errorlogs

bench: build-tests
	@meson test -C $(BUILD) --no-rebuild --benchmark --verbose

bench-update: build-tests
	@tests/bench/record.sh $(BUILD)

doc:
	@tools/setup.sh ci
	@$(call CONFIGURE,-Dtests=true)
	@echo '==> writing the reference'; $(call NINJA,doc)
	@echo 'open $(BUILD)/doc/html/index.html'

# What was installed there, by this and earlier calls, and the folders that were made for it.
INSTALLED = $(BUILD)/installed$(subst /,+,$(abspath $(DESTDIR)/$(PREFIX)))

install:
	@tools/setup.sh build
	@$(call CONFIGURE,-Dprefix=$(PREFIX) -Dlibdir=$(LIBDIR) -Ddefault_library=both \
		$(if $(wildcard $(BUILD)/build.ninja),,-Dtests=false))
	@echo '==> building'; $(call NINJA,)
	@meson install -C $(BUILD) --no-rebuild --quiet
	@grep -v '^#' $(BUILD)/meson-logs/install-log.txt >> $(INSTALLED)
	@[ -n '$(DESTDIR)' ] || cat $(BUILD)/installed.txt

uninstall:
	@tools/uninstall.sh $(INSTALLED)

abi-update: build-tests
	@tests/abi/check.sh --update $(BUILD)

clean:
	@rm -rf $(BUILD)

.PHONY: build-tests
build-tests:
	@tools/setup.sh test
	@$(call CONFIGURE,-Dtests=true)
	@echo '==> building'; $(call NINJA,)
