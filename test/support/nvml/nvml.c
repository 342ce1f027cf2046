/*
 * Stands in for NVIDIA's management library. Every call reads `key=value` lines from the file that
 * AIKORYU_FAKE_NVML names: `count`, `init.status`, and by device `0.power=95000` or `0.power.status=3`.
 * With OLD defined, functions that old drivers lack are absent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7 };

typedef struct { int index; } Device;
typedef struct { unsigned int pid; unsigned long long memory; unsigned int instance, compute; } Process;

static Device devices[] = {{0}, {1}, {2}, {3}};

static int find(const char *key, char *into, size_t size) {
  const char *path = getenv("AIKORYU_FAKE_NVML");
  FILE *file = path ? fopen(path, "r") : NULL;
  char line[512];
  int found = 0;
  if (!file) return 0;
  while (!found && fgets(line, sizeof line, file)) {
    char *equals = strchr(line, '=');
    if (!equals) continue;
    *equals = 0;
    if (strcmp(line, key)) continue;
    snprintf(into, size, "%.*s", (int)strcspn(equals + 1, "\n"), equals + 1);
    found = 1;
  }
  fclose(file);
  return found;
}

static int number(const char *key, unsigned long long *value) {
  char text[64];
  if (!find(key, text, sizeof text)) return 0;
  *value = strtoull(text, NULL, 0);
  return 1;
}

static int status(const char *what) {
  char key[128];
  unsigned long long value = SUCCESS;
  if (number("delayMs", &value)) usleep(value * 1000);
  value = SUCCESS;
  snprintf(key, sizeof key, "%s.status", what);
  number(key, &value);
  return (int)value;
}

/* A value of a device: its own status, else NOT_SUPPORTED where none is given. */
static int get(const Device *device, const char *what, unsigned long long *value) {
  char key[128], lost[16];
  int code;
  snprintf(lost, sizeof lost, "%d", device->index);
  if ((code = status(lost))) return code;
  snprintf(key, sizeof key, "%d.%s", device->index, what);
  if ((code = status(key))) return code;
  return number(key, value) ? SUCCESS : NOT_SUPPORTED;
}

static int word(const Device *device, const char *what, unsigned int *into) {
  unsigned long long value = 0;
  int code = get(device, what, &value);
  if (code == SUCCESS) *into = (unsigned int)value;
  return code;
}

static int text(const char *key, char *into, unsigned int size) {
  int code = status(key);
  if (code) return code;
  return find(key, into, size) ? SUCCESS : NOT_FOUND;
}

static int deviceText(const Device *device, const char *what, char *into, unsigned int size) {
  char key[128];
  snprintf(key, sizeof key, "%d.%s", device->index, what);
  return text(key, into, size);
}

int nvmlInit_v2(void) { return status("init"); }
int nvmlShutdown(void) { return status("shutdown"); }
int nvmlSystemGetDriverVersion(char *into, unsigned int size) { return text("driver", into, size); }
int nvmlSystemGetNVMLVersion(char *into, unsigned int size) { return text("nvml", into, size); }

int nvmlSystemGetProcessName(unsigned int pid, char *into, unsigned int size) {
  char key[64];
  snprintf(key, sizeof key, "process.%u", pid);
  return text(key, into, size);
}

int nvmlDeviceGetCount_v2(unsigned int *count) {
  unsigned long long value = 0;
  int code = status("count");
  if (code == SUCCESS) {
    number("count", &value);
    *count = (unsigned int)value;
  }
  return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device **device) {
  char key[32];
  int code;
  snprintf(key, sizeof key, "%u.handle", index);
  if ((code = status(key))) return code;
  *device = &devices[index];
  return SUCCESS;
}

int nvmlDeviceGetName(Device *device, char *into, unsigned int size) { return deviceText(device, "name", into, size); }
int nvmlDeviceGetUUID(Device *device, char *into, unsigned int size) { return deviceText(device, "uuid", into, size); }

typedef struct {
  char busIdLegacy[16];
  unsigned int domain, bus, device, pciDeviceId, pciSubSystemId;
  char busId[32];
} PciInfo;

int nvmlDeviceGetPciInfo_v3(Device *device, PciInfo *info) {
  return deviceText(device, "bus", info->busId, sizeof info->busId);
}

int nvmlDeviceGetUtilizationRates(Device *device, unsigned int *rates) {
  int code = word(device, "gpu", &rates[0]);
  return code ? code : word(device, "memoryBusy", &rates[1]);
}

int nvmlDeviceGetMemoryInfo(Device *device, unsigned long long *info) {
  unsigned long long total = 0, used = 0, reserved = 0;
  int code = get(device, "total", &total);
  if (code) return code;
  get(device, "used", &used);
  get(device, "reserved", &reserved);
  info[0] = total;
  info[1] = total - used - reserved;
  info[2] = used + reserved;
  return SUCCESS;
}

#ifndef OLD
typedef struct { unsigned int version; unsigned long long total, reserved, free, used; } Memory2;

int nvmlDeviceGetMemoryInfo_v2(Device *device, Memory2 *info) {
  int code;
  if (info->version != (sizeof(Memory2) | (2 << 24))) return INVALID_ARGUMENT;
  if ((code = get(device, "total", &info->total))) return code;
  get(device, "reserved", &info->reserved);
  get(device, "used", &info->used);
  info->free = info->total - info->reserved - info->used;
  return SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(Device *device, unsigned long long *into) { return get(device, "energy", into); }
#endif

int nvmlDeviceGetTemperature(Device *device, unsigned int sensor, unsigned int *into) {
  return sensor == 0 ? word(device, "temperature", into) : INVALID_ARGUMENT;
}

int nvmlDeviceGetPowerUsage(Device *device, unsigned int *into) { return word(device, "power", into); }
int nvmlDeviceGetEnforcedPowerLimit(Device *device, unsigned int *into) { return word(device, "powerLimit", into); }

int nvmlDeviceGetClockInfo(Device *device, unsigned int type, unsigned int *into) {
  return word(device, type == 1 ? "smClock" : type == 2 ? "memoryClock" : "otherClock", into);
}

int nvmlDeviceGetFanSpeed(Device *device, unsigned int *into) { return word(device, "fan", into); }

int nvmlDeviceGetPcieThroughput(Device *device, unsigned int counter, unsigned int *into) {
  return word(device, counter == 0 ? "pcieTransmit" : "pcieReceive", into);
}

int nvmlDeviceGetTotalEccErrors(Device *device, unsigned int type, unsigned int counter, unsigned long long *into) {
  return type == 1 && counter == 0 ? get(device, "ecc", into) : INVALID_ARGUMENT;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(Device *device, unsigned long long *into) {
  return get(device, "throttle", into);
}

/* `0.compute=pid:bytes,pid:bytes` */
static int processes(Device *device, const char *what, unsigned int *count, Process *into) {
  char key[64], list[512];
  unsigned int most = *count, found = 0;
  int code;
  snprintf(key, sizeof key, "%d.%s", device->index, what);
  if ((code = status(key))) return code;
  *count = 0;
  if (!find(key, list, sizeof list)) return SUCCESS;
  for (char *one = strtok(list, ","); one; one = strtok(NULL, ",")) {
    char *colon = strchr(one, ':');
    if (found == most) return INSUFFICIENT_SIZE;
    into[found].pid = (unsigned int)strtoul(one, NULL, 10);
    into[found].memory = strtoull(colon + 1, NULL, 0);
    into[found].instance = into[found].compute = 0xffffffff;
    found++;
  }
  *count = found;
  return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v2(Device *device, unsigned int *count, Process *into) {
  return processes(device, "compute", count, into);
}

int nvmlDeviceGetGraphicsRunningProcesses_v2(Device *device, unsigned int *count, Process *into) {
  return processes(device, "graphics", count, into);
}

#ifndef OLD
int nvmlDeviceGetComputeRunningProcesses_v3(Device *device, unsigned int *count, Process *into) {
  return processes(device, "compute", count, into);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(Device *device, unsigned int *count, Process *into) {
  return processes(device, "graphics", count, into);
}
#endif
