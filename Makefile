# backprobe -- why does this backpropagation not train?
# "make help" lists the targets. Objects go to build/, results to out/.

CC      ?= cc
OPT     ?= -O3
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
BUILD   ?= build/$(notdir $(CC))$(OPT)$(SANITIZE)
PREFIX  ?= /usr/local
DEPS     = libconfig jansson zlib

CFLAGS   = -std=gnu11 -I. $(OPT) -g $(WARN) -ffp-contract=off -fopenmp -fPIC \
           $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
           $(shell pkg-config --cflags $(DEPS) 2>/dev/null)
LDFLAGS  = -fopenmp $(if $(SANITIZE),-fsanitize=$(SANITIZE))
LDLIBS   = $(shell pkg-config --libs $(DEPS) 2>/dev/null) -ldl -lm

LIB_SRC  = $(wildcard core/*.c diag/*.c diag/faults/*.c)
APP_SRC  = $(wildcard scenarios/*.c plots/*.c)
TEST_SRC = $(wildcard tests/*.c)
OBJ      = $(patsubst %.c,$(BUILD)/%.o,$(1))

MNIST_DIR ?= $(firstword $(wildcard data/mnist ../shared/data/mnist))
export MNIST_DIR

## all: build the program
all: backprobe

backprobe: $(BUILD)/backprobe
	@cp -f $< $@

$(BUILD)/backprobe: $(call OBJ,main.c $(APP_SRC) $(LIB_SRC))
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(KERNEL_FLAGS) -MMD -MP -c -o $@ $<

-include $(patsubst %.o,%.d,$(call OBJ,main.c $(APP_SRC) $(LIB_SRC) $(TEST_SRC)))

## test: run every test (Check)
test: $(BUILD)/tests/run
	$(BUILD)/tests/run

$(BUILD)/suites.h: $(TEST_SRC)
	@mkdir -p $(@D)
	@for f in $(sort $(patsubst tests/check_%.c,%,$(filter tests/check_%,$(TEST_SRC)))); do echo "SUITE($$f)"; done > $@

$(BUILD)/tests/run.o: $(BUILD)/suites.h
$(BUILD)/tests/%.o: CFLAGS += -I$(BUILD) $(shell pkg-config --cflags check 2>/dev/null)

$(BUILD)/tests/run: $(call OBJ,$(TEST_SRC) $(APP_SRC) $(LIB_SRC))
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

## layers: fail when an include points upwards
layers:
	@sh tests/layers.sh

## clean: remove what was built
clean:
	rm -rf build backprobe

## help: this list
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

.PHONY: all test layers clean help
