/* tunnelload: loads an HTTP CONNECT proxy, and is the origin behind it. Linux only; compiled by the bench.
 *
 *   tunnelload origin PORT
 *       'p' is answered with 'p'; 'B' makes it send without end; anything longer than 64 bytes is thrown away.
 *   tunnelload rate|down|up|hold PROXY TARGET CONNECTIONS SECONDS
 *       rate: connect, CONNECT, one-byte ping, close, over and over; down and up: bulk; hold: open and keep.
 *       PROXY is ip:port, or "direct" for none.
 *
 * Prints one line of key=value figures. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (1 << 18)
#define MAX_EVENTS 512
#define MAX_SAMPLES (1 << 22)
#define OPENING_WINDOW 64

enum mode { RATE, DOWN, UP, HOLD };
enum state { CONNECTING, ASKING, OPEN, DEAD };

struct connection {
  int fd;
  enum state state;
  int sending;
  double began;
};

static char out[CHUNK], in[CHUNK];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int ep, int op, struct connection *c, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  if (epoll_ctl(ep, op, c->fd, &e) != 0 && op != EPOLL_CTL_DEL) die("epoll_ctl");
}

static void no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* ---- origin ---- */

static void origin_accept(int ep, int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    struct connection *c = calloc(1, sizeof *c);
    no_delay(fd);
    c->fd = fd;
    watch(ep, EPOLL_CTL_ADD, c, EPOLLIN | EPOLLRDHUP);
  }
}

static int origin_serve(int ep, struct connection *c, uint32_t events) {
  if (events & EPOLLIN) {
    ssize_t n = read(c->fd, in, sizeof in);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return 0;
    for (ssize_t i = 0; n <= 64 && i < n; i++) {
      if (in[i] == 'p' && write(c->fd, "p", 1) < 0) return 0;
      if (in[i] == 'B') {
        c->sending = 1;
        watch(ep, EPOLL_CTL_MOD, c, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
      }
    }
  }
  if ((events & EPOLLOUT) && c->sending && write(c->fd, out, sizeof out) < 0 && errno != EAGAIN) return 0;
  return !(events & (EPOLLHUP | EPOLLERR));
}

static void origin(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct connection listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
  int on = 1, ep = epoll_create1(0);
  setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener.fd, (struct sockaddr *)&address, sizeof address) != 0) die("bind");
  if (listen(listener.fd, 4096) != 0) die("listen");
  watch(ep, EPOLL_CTL_ADD, &listener, EPOLLIN);
  printf("ready\n");
  fflush(stdout);
  for (struct epoll_event events[MAX_EVENTS];;) {
    int n = epoll_wait(ep, events, MAX_EVENTS, -1);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (c == &listener) {
        origin_accept(ep, listener.fd);
      } else if (!origin_serve(ep, c, events[i].events)) {
        close(c->fd);
        free(c);
      }
    }
  }
}

/* ---- load ---- */

static struct {
  enum mode mode;
  int ep, direct, request_bytes, total, next;
  char request[512];
  struct sockaddr_in proxy;
  struct connection *all;
  double *samples;
  size_t count;
  uint64_t bytes, opened, errors;
} load;

static void open_connection(struct connection *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  no_delay(c->fd);
  c->state = CONNECTING;
  c->began = now();
  if (connect(c->fd, (struct sockaddr *)&load.proxy, sizeof load.proxy) != 0 && errno != EINPROGRESS) die("connect");
  watch(load.ep, EPOLL_CTL_ADD, c, EPOLLIN | EPOLLOUT);
}

static void open_next(void) {
  if (load.next < load.total) open_connection(&load.all[load.next++]);
}

static void fail(struct connection *c) {
  load.errors++;
  close(c->fd);
  c->state = DEAD;
  if (load.mode == RATE) open_connection(c);
}

static void send_text(struct connection *c, const char *text, int length) {
  if (write(c->fd, text, (size_t)length) != length) load.errors++;
}

/* The way to the origin stands. */
static void on_open(struct connection *c) {
  c->state = OPEN;
  load.opened++;
  watch(load.ep, EPOLL_CTL_MOD, c, load.mode == UP ? EPOLLOUT : EPOLLIN);
  if (load.mode == RATE) send_text(c, "p", 1);
  if (load.mode == DOWN) send_text(c, "B", 1);
  open_next();
}

static void on_connected(struct connection *c) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return fail(c);
  if (load.direct) return on_open(c);
  c->state = ASKING;
  watch(load.ep, EPOLL_CTL_MOD, c, EPOLLIN);
  send_text(c, load.request, load.request_bytes);
}

static void on_event(struct connection *c, uint32_t events) {
  if (c->state == DEAD) return;
  if (c->state == CONNECTING) return on_connected(c);
  if (c->state == OPEN && load.mode == UP && !(events & (EPOLLHUP | EPOLLERR))) {
    ssize_t n = write(c->fd, out, sizeof out);
    if (n > 0) load.bytes += (uint64_t)n;
    else if (errno != EAGAIN) fail(c);
    return;
  }
  ssize_t n = read(c->fd, in, sizeof in);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return fail(c);
  if (c->state == ASKING) {
    if (n < 12 || memcmp(in + 9, "200", 3) != 0) return fail(c);
    return on_open(c);
  }
  load.bytes += (uint64_t)n;
  if (load.mode != RATE) return;
  if (load.count < MAX_SAMPLES) load.samples[load.count++] = now() - c->began;
  close(c->fd);
  open_connection(c);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double percentile_us(int percent) {
  return load.count == 0 ? 0 : load.samples[load.count * (size_t)percent / 100] * 1e6;
}

static void parse_address(char *text) {
  char *colon = strrchr(text, ':');
  if (colon == NULL) die("address");
  *colon = 0;
  load.proxy = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
  if (inet_pton(AF_INET, text, &load.proxy.sin_addr) != 1) die("address");
}

int main(int count, char **words) {
  memset(out, 'x', sizeof out);
  /* Whoever writes to a connection that has been reset sees it by the error. */
  signal(SIGPIPE, SIG_IGN);
  if (count == 3 && strcmp(words[1], "origin") == 0) origin(atoi(words[2]));
  if (count != 6) return fprintf(stderr, "see the head of tunnelload.c\n"), 2;
  const char *names[] = {"rate", "down", "up", "hold"};
  int mode = 0;
  while (mode < 4 && strcmp(words[1], names[mode]) != 0) mode++;
  if (mode == 4) return fprintf(stderr, "no such mode\n"), 2;
  load.mode = (enum mode)mode;
  load.request_bytes = snprintf(load.request, sizeof load.request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", words[3], words[3]);
  load.direct = strcmp(words[2], "direct") == 0;
  parse_address(load.direct ? words[3] : words[2]);
  load.total = atoi(words[4]);
  load.all = calloc((size_t)load.total, sizeof *load.all);
  load.samples = malloc(MAX_SAMPLES * sizeof *load.samples);
  load.ep = epoll_create1(0);
  double start = now(), end = start + atof(words[5]);
  int window = load.mode == RATE ? load.total : OPENING_WINDOW;
  for (int i = 0; i < window; i++) open_next();
  for (struct epoll_event events[MAX_EVENTS]; now() < end;) {
    int n = epoll_wait(load.ep, events, MAX_EVENTS, 50);
    for (int i = 0; i < n; i++) on_event(events[i].data.ptr, events[i].events);
  }
  double seconds = now() - start;
  qsort(load.samples, load.count, sizeof *load.samples, ascending);
  printf("opened=%llu errors=%llu per_second=%.1f p50_us=%.0f p99_us=%.0f mb_per_second=%.1f\n", (unsigned long long)load.opened,
         (unsigned long long)load.errors, (double)load.count / seconds, percentile_us(50), percentile_us(99), (double)load.bytes / seconds / 1e6);
  return 0;
}
