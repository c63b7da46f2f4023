/*
 * The load algorithm of Kubernetes' resource-consumer, re-created for comparison: while the average CPU use since the
 * start is below the target it works 10^7 iterations, else it sleeps 10 ms.
 * Usage: resource-consumer MILLICORES
 */
#include <stdlib.h>
#include <time.h>

static double seconds(clockid_t id) {
  struct timespec at;
  clock_gettime(id, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

int main(int count, char **words) {
  double target = count > 1 ? atof(words[1]) / 1000 : 0;
  double start = seconds(CLOCK_MONOTONIC);
  const struct timespec pause = {0, 10 * 1000 * 1000};
  volatile double sink = 0;
  for (;;) {
    if (seconds(CLOCK_PROCESS_CPUTIME_ID) < target * (seconds(CLOCK_MONOTONIC) - start)) {
      for (int i = 1; i < 10 * 1000 * 1000; i++) sink += 1.0 / i;
    } else {
      nanosleep(&pause, NULL);
    }
  }
}
