// The same from C++.
#include "estimate.c"
