#include "CLinux.h"
// Everything is in the header; SwiftPM wants one source file for a C target.
