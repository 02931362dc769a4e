# backprobe -- why does this backpropagation not train?
# "make help" lists the targets. Objects go to build/, results to out/.

JOBS    := $(shell nproc 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(JOBS)
endif

CC      ?= cc
OPT     ?= -O3
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
comma    = ,
space    = $() $()
FORMATTED = $$(git ls-files '*.c' '*.h' ':!tests/subjects/*')
LIB_LIBS = $(shell pkg-config --libs jansson zlib 2>/dev/null) -ldl -lm
VERSION  = $(shell sed -n 's/^\#define BP_VERSION "\(.*\)"/\1/p' main.c)
PREFIX  ?= /usr/local
LIBDIR   = $(PREFIX)/lib
BUILD   ?= build/$(notdir $(CC))$(OPT)$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
DEPS     = libconfig jansson zlib

CFLAGS   = -std=gnu11 -I. $(OPT) -g $(WARN) -ffp-contract=off -fopenmp -fPIC \
           $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer \
               -Wno-error) \
           $(shell pkg-config --cflags $(DEPS) 2>/dev/null)
LDFLAGS  = -fopenmp $(if $(SANITIZE),-fsanitize=$(SANITIZE))
LDLIBS   = $(shell pkg-config --libs $(DEPS) 2>/dev/null) -ldl -lm

LIB_SRC  = $(wildcard core/*.c diag/*.c diag/faults/*.c)
APP_SRC  = $(wildcard scenarios/*.c plots/*.c commands/*.c)
TEST_SRC = $(wildcard tests/*.c)
TEST_SO  = $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/objects/*.c))
OBJ      = $(patsubst %.c,$(BUILD)/%.o,$(1))
FIRST    = $(filter setup setup-dev,$(MAKECMDGOALS))

MNIST_DIR ?= $(firstword $(wildcard data/mnist ../shared/data/mnist))
export MNIST_DIR

## all: build the program (the default)
all: backprobe

backprobe: $(BUILD)/backprobe FORCE
	@cmp -s $< $@ || cp -f $< $@

$(BUILD)/backprobe: $(call OBJ,main.c $(APP_SRC) $(LIB_SRC))
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The same kernels for each instruction set; core/kernel.c chooses when it runs.
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
$(BUILD)/core/kernel_avx2.o:   KERNEL_FLAGS = -mavx2 -mfma
$(BUILD)/core/kernel_avx512.o: KERNEL_FLAGS = -mavx512f -mavx512dq -mavx512vl -mfma
endif

# The style and the script of the pages, as lines of C.
$(BUILD)/plots/page_%.h: plots/page.%
	@mkdir -p $(@D)
	@sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n",/' $< > $@
$(BUILD)/plots/page_parts.o: $(BUILD)/plots/page_css.h $(BUILD)/plots/page_js.h
$(BUILD)/plots/page_parts.o: CFLAGS += -I$(BUILD)

$(BUILD)/%.o: %.c | $(FIRST)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(KERNEL_FLAGS) -MMD -MP -c -o $@ $<

-include $(patsubst %.o,%.d,$(call OBJ,main.c $(APP_SRC) $(LIB_SRC) $(TEST_SRC) $(wildcard bench/*.c tests/confusion/*.c)))

# The library: all that main.c and the commands stand on; backprobe.h is its header.
$(BUILD)/libbackprobe.a: $(call OBJ,$(LIB_SRC))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libbackprobe.so.1: $(call OBJ,$(LIB_SRC)) setup/libbackprobe.map
	$(CC) $(LDFLAGS) -shared -Wl,-soname,libbackprobe.so.1 -Wl,--version-script=setup/libbackprobe.map \
	    -o $@ $(filter %.o,$^) $(LIB_LIBS)

FORCE:
$(BUILD)/libbackprobe.so: $(BUILD)/libbackprobe.so.1
	@ln -sf libbackprobe.so.1 $@

$(BUILD)/backprobe.pc: setup/backprobe.pc.in main.c FORCE
	@sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' $< > $@

## lib: build libbackprobe (static and shared) and its pkg-config file
lib: $(BUILD)/libbackprobe.a $(BUILD)/libbackprobe.so $(BUILD)/backprobe.pc

## install: the program, the library, backprobe.h and the helpers (PREFIX, DESTDIR)
install: backprobe lib
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin include lib/pkgconfig share/backprobe)
	install -m 755 backprobe $(DESTDIR)$(PREFIX)/bin
	install -m 644 backprobe.h $(DESTDIR)$(PREFIX)/include
	install -m 644 $(BUILD)/libbackprobe.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(BUILD)/libbackprobe.so.1 $(DESTDIR)$(LIBDIR)
	ln -sf libbackprobe.so.1 $(DESTDIR)$(LIBDIR)/libbackprobe.so
	install -m 644 $(BUILD)/backprobe.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 examples/backprobe.py examples/backprobe.js $(DESTDIR)$(PREFIX)/share/backprobe

## uninstall: take away what install put there
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/backprobe include/backprobe.h \
	    share/backprobe/backprobe.py share/backprobe/backprobe.js) \
	    $(addprefix $(DESTDIR)$(LIBDIR)/,libbackprobe.a libbackprobe.so libbackprobe.so.1 pkgconfig/backprobe.pc)
	-rmdir $(DESTDIR)$(PREFIX)/share/backprobe

## examples: every example, right and wrong: a wrong one is named, a right one is silent
examples: backprobe lib
	@sh examples/run.sh ./backprobe $(BUILD)

## ladder: the five rungs, for the built-in network and for an example
ladder: backprobe
	./backprobe ladder
	./backprobe ladder --subject 'python3 examples/python-lists/xor.py'

## setup: install what running and testing need (nothing when nothing is missing)
setup:
	@sh setup/packages.sh

## setup-dev: also install what lint, asan and valgrind need
setup-dev:
	@sh setup/packages.sh dev

## scenarios: run every scenario; reports, traces and figures in out/
scenarios: backprobe
	./backprobe run --plots scenarios/*.conf

RUNS = $(patsubst %/scenario,%,$(wildcard out/*/scenario))
## plots: draw the figures of the last run again
plots: backprobe
	@$(if $(RUNS),./backprobe plot $(RUNS),echo "plots: no run in out/ yet: make scenarios makes them" >&2; exit 2)

## test: run every test (one suite: make test SUITE=sgd)
test: $(BUILD)/tests/run $(BUILD)/tests/confusion/run $(TEST_SO) backprobe lib
	$(if $(SUITE),CK_RUN_SUITE=$(SUITE)) \
	    BACKPROBE=$(abspath $(BUILD)/backprobe) CK_TIMEOUT_MULTIPLIER=10 $(BUILD)/tests/run

$(BUILD)/suites.h: $(TEST_SRC)
	@mkdir -p $(@D)
	@for f in $(sort $(patsubst tests/check_%.c,%,$(filter tests/check_%,$(TEST_SRC)))); do echo "SUITE($$f)"; done > $@

$(BUILD)/tests/run.o: $(BUILD)/suites.h
$(BUILD)/tests/%.so: tests/%.c backprobe.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -I. -O1 -g $(WARN) $(if $(SANITIZE),-DNAMES_SHARED) -fPIC -shared -o $@ $<

$(BUILD)/tests/%.o: CFLAGS += -I$(BUILD) -DBUILD_FOLDER='"$(BUILD)"' $(shell pkg-config --cflags check 2>/dev/null)

$(BUILD)/tests/run: $(call OBJ,$(TEST_SRC) $(APP_SRC) $(LIB_SRC))
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

# Peers to measure beside, where they are installed; the others are left out.
BENCH_SRC   = $(wildcard bench/*.c)
BENCH_PEERS = $(if $(wildcard /usr/include/doublefann.h),$(BUILD)/bench/fann_peer) \
              $(if $(shell pkg-config --exists openblas && echo yes),$(BUILD)/bench/blas_peer)

$(BUILD)/bench/bench: $(call OBJ,$(BENCH_SRC) $(LIB_SRC))
	$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LDLIBS)
$(BUILD)/bench/fann_peer: bench/peers/fann_peer.c
	@mkdir -p $(@D)
	$(CC) -O3 -I. -DFANN_VERSION='"$(shell pkg-config --modversion fann)"' -o $@ $< -ldoublefann -lm
$(BUILD)/bench/blas_peer: bench/peers/blas_peer.c $(call OBJ,$(wildcard core/*.c))
	@mkdir -p $(@D)
	$(CC) -O3 -I. $(shell pkg-config --cflags openblas) -o $@ $^ $(shell pkg-config --libs openblas) $(LDLIBS) -fopenmp

## bench: every goal of speed and accuracy beside what is reached (out/bench.tsv)
bench: $(BUILD)/bench/bench $(BENCH_PEERS)
	$(BUILD)/bench/bench $(GROUP)
	@command -v gnuplot >/dev/null && gnuplot bench/figure.gp && echo out/bench.svg || echo "no gnuplot: no figure"

## bench-instructions: ratios of instructions, by callgrind (out/bench-instructions.tsv)
bench-instructions: $(BUILD)/bench/bench
	@sh bench/instructions.sh $(BUILD)/bench/bench

## mnist: download the four files of MNIST into data/mnist (MNIST_URL: from where)
mnist:
	@sh setup/mnist.sh data/mnist

## subjects: judge the hand-written networks of tests/subjects by a check of their own
subjects:
	@python3 tests/subjects/selfcheck.py

## confusion: plant every fault in random networks and count what is named (minutes);
##            JOBS=N threads; a share of it: SHARD=K/N OUT=part.json; then MERGE='part*.json'
confusion: $(BUILD)/tests/confusion/run
	@mkdir -p out
	OMP_NUM_THREADS=$(JOBS) PYTHONPATH=examples BACKPROBE=1 $< $(if $(MERGE),merge $(MERGE)) \
	    $(if $(SHARD),--shard $(SHARD) --out $(OUT),--table out/confusion.tsv) $(CONFUSION)

$(BUILD)/tests/confusion/%.o: CFLAGS += -DVERSION='"$(VERSION)"'
$(BUILD)/tests/confusion/run: $(call OBJ,$(wildcard tests/confusion/*.c) tests/confusion_trial.c \
                               $(wildcard tests/unseen_*.c scenarios/*.c) $(LIB_SRC))
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

## layers: fail when an include points upwards
layers:
	@sh tests/layers.sh

## lint: format, shell scripts, warnings of the other compiler, cppcheck
lint:
	@clang-format --dry-run --Werror $(FORMATTED)
	@shellcheck $$(git ls-files '*.sh') .ci/run
	@$(MAKE) -s CC=clang OPT=-O1 build/clang-O1/backprobe
	@cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability \
	    --suppress=missingIncludeSystem -I. core diag scenarios plots commands main.c

## asan: the tests under the address and undefined-behaviour sanitizers
asan:
	@$(MAKE) -s OPT=-O1 SANITIZE=address,undefined BACKPROBE_SMALL=1 each-suite

# Those that read, parse, allocate and index, on small networks: valgrind finds what was
# never set, which the sanitizers do not see. All the rest is 50 times slower for nothing new.
UNDER_VALGRIND = csv dataset dataset_open fault_others files gradcheck_view gradreport idx mlp \
                 nearest numdiff report rng scenario sgd spec stepper subject symmetry trace \
                 tracefigure
## valgrind: the tests that read, parse and index, under valgrind
valgrind:
	@OMP_NUM_THREADS=1 $(MAKE) -s BACKPROBE_SMALL=1 ONLY='$(UNDER_VALGRIND)' \
	    UNDER='valgrind -q --error-exitcode=1 --leak-check=full' each-suite

# Every suite in a process of its own, without forks: what leaks is seen.
each-suite: $(BUILD)/tests/run $(BUILD)/tests/confusion/run $(TEST_SO) $(BUILD)/backprobe lib
	@sed 's/SUITE(\(.*\))/\1/' $(BUILD)/suites.h | grep -xE '$(if $(ONLY),$(subst $(space),|,$(ONLY)),.*)' | \
	    CK_FORK=no CK_TIMEOUT_MULTIPLIER=50 BACKPROBE=$(abspath $(BUILD)/backprobe) \
	    xargs -P $(JOBS) -I NAME env CK_RUN_SUITE=NAME $(UNDER) $(BUILD)/tests/run

## identical: the same reports, byte for byte, by gcc and clang, at -O0 and optimised, by one thread and two
identical: backprobe
	@$(MAKE) -s OPT=-O0 build/$(notdir $(CC))-O0/backprobe
	@$(MAKE) -s CC=clang OPT=-O1 build/clang-O1/backprobe
	@sh tests/identical.sh $(BUILD)/backprobe build/$(notdir $(CC))-O0/backprobe build/clang-O1/backprobe

# By hand, not in CI: needs gcc-aarch64-linux-gnu, qemu-user and the arm64 packages of DEPS, and minutes.
ARM64 = build/aarch64-linux-gnu-gcc-O3
## identical-aarch64: the same for a program built for aarch64, under qemu
identical-aarch64: backprobe
	@PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig $(MAKE) -s \
	    CC=aarch64-linux-gnu-gcc OPT=-O3 $(ARM64)/backprobe
	@printf '#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu %s "$$@"\n' \
	    $(ARM64)/backprobe > $(ARM64)/under-qemu
	@chmod +x $(ARM64)/under-qemu
	@sh tests/identical.sh $(BUILD)/backprobe $(ARM64)/under-qemu

## format: clang-format every source
format:
	@clang-format -i $(FORMATTED)

## clean: remove what was built
clean:
	rm -rf build backprobe

## help: this list
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

export BACKPROBE_SMALL
.PHONY: FORCE each-suite identical identical-aarch64 ladder bench bench-instructions confusion all lib install uninstall examples setup setup-dev scenarios plots test mnist subjects layers lint asan valgrind format clean help
