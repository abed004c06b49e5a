/* A sample whose last lines say what is expected of it. */
#include <stdio.h>
#include "local.h"
#ifndef GUARD_H
#define GUARD_H
#define LIMIT 3
#define TWICE(x) \
    do { x; x; } while (0)

/* Points. */
typedef struct point {
    int x, y;
} point_t;

struct node { struct node *next; };
enum colour { RED, GREEN };
typedef int (*callback)(void *data);
static const int table[] = { 1, 2, '}' };

int prototype(int a, char *b);

static int run(long a) {
#ifdef WIDE
    if (a) {
        puts("}");
    }
#endif
    return a;
}


struct node *
find(struct node *from)
{
    return from;
}
#endif
/* expect: import <stdio.h> 2 */
/* expect: import local.h 3 */
/* expect: macro LIMIT 6-6 */
/* expect: macro TWICE 7-8 */
/* expect: struct point 11-13 doc 10 */
/* expect: type point_t 11-13 */
/* expect: struct node 15-15 */
/* expect: enum colour 16-16 */
/* expect: type callback 17-17 */
/* expect: variable table 18-18 */
/* expect: function prototype 20-20 */
/* expect: function run 22-29 */
/* expect: function find 32-36 signature 33 */
