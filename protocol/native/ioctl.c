/*
 * Node can open a device but not speak ioctl to it, and ptys, modem lines, watchdog timeouts and GPIO
 * lines have no other door. This is that door, and nothing more: `ioctl(fd, request, argument)` returns
 * what the kernel returned, or minus errno, so that an answer never needs a second call.
 *
 * The kernel would take any number for an address, so nothing passes unchecked. Most request numbers
 * encode the size of what they touch; the old tty requests encode none and stand in a table. A Buffer
 * shorter than that size is a RangeError. A number is passed only to requests known to take one by
 * value. A request of which we know neither is refused.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <node_api.h>

#define BY_VALUE 0
#define UNKNOWN (-1)

static const struct {
  uint32_t request;
  int32_t bytes;
} unsized[] = {
    {TIOCMGET, sizeof(int)},
    {TIOCMSET, sizeof(int)},
    {TIOCMBIS, sizeof(int)},
    {TIOCMBIC, sizeof(int)},
    {TIOCGWINSZ, sizeof(struct winsize)},
    {TIOCSWINSZ, sizeof(struct winsize)},
    {TIOCOUTQ, sizeof(int)},
    {FIONREAD, sizeof(int)},
    {TIOCMIWAIT, BY_VALUE},
    {TIOCEXCL, BY_VALUE},
    {TIOCNXCL, BY_VALUE},
    {TIOCSBRK, BY_VALUE},
    {TIOCCBRK, BY_VALUE},
    {TIOCGPTPEER, BY_VALUE},
    {TCSBRK, BY_VALUE},
    {TCFLSH, BY_VALUE},
    {TCXONC, BY_VALUE},
};

static int32_t size_of(uint32_t request) {
  for (size_t i = 0; i < sizeof unsized / sizeof unsized[0]; i++) {
    if (unsized[i].request == request) return unsized[i].bytes;
  }
  return _IOC_SIZE(request) > 0 ? (int32_t)_IOC_SIZE(request) : UNKNOWN;
}

/* Both return what to hand to the kernel; a refusal is a pending exception. */
static void *from_number(napi_env env, napi_value value, uint32_t request) {
  int32_t number = 0;
  if (size_of(request) != BY_VALUE) {
    napi_throw_type_error(env, NULL, "ioctl: this request is not known to take a number");
    return NULL;
  }
  napi_get_value_int32(env, value, &number);
  return (void *)(intptr_t)number;
}

static void *from_buffer(napi_env env, napi_value value, uint32_t request) {
  void *bytes = NULL;
  size_t length = 0;
  int32_t needed = size_of(request);
  if (napi_get_buffer_info(env, value, &bytes, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "ioctl: the argument must be a Buffer or a number");
    return NULL;
  }
  if (needed == UNKNOWN || needed == BY_VALUE) {
    napi_throw_range_error(env, NULL, "ioctl: no Buffer size is known for this request");
  } else if (length < (size_t)needed) {
    napi_throw_range_error(env, NULL, "ioctl: the Buffer is shorter than the request");
  }
  return bytes;
}

static napi_value call(napi_env env, napi_callback_info info) {
  napi_value args[3], answer;
  size_t count = 3;
  int32_t fd;
  uint32_t request;
  void *argument;
  napi_valuetype type;
  bool refused = false;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < 3 || napi_get_value_int32(env, args[0], &fd) != napi_ok ||
      napi_get_value_uint32(env, args[1], &request) != napi_ok) {
    napi_throw_type_error(env, NULL, "ioctl(fd: number, request: number, argument: Buffer | number)");
    return NULL;
  }
  napi_typeof(env, args[2], &type);
  argument = type == napi_number ? from_number(env, args[2], request)
                                 : from_buffer(env, args[2], request);
  napi_is_exception_pending(env, &refused);
  if (refused) return NULL;
  int result = ioctl(fd, request, argument);
  napi_create_int32(env, result < 0 ? -errno : result, &answer);
  return answer;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "ioctl", NAPI_AUTO_LENGTH, call, NULL, &function);
  napi_set_named_property(env, exports, "ioctl", function);
  return exports;
}
