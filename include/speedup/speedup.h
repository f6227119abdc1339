/** @file speedup.h
 *  @brief Everything: include this one header.
 */
#ifndef SPEEDUP_SPEEDUP_H
#define SPEEDUP_SPEEDUP_H

#include <speedup/catalog.h>
#include <speedup/claims.h>
#include <speedup/context.h>
#include <speedup/entry.h>
#include <speedup/estimate.h>
#include <speedup/fit.h>
#include <speedup/job.h>
#include <speedup/optimization.h>
#include <speedup/plan.h>
#include <speedup/report.h>
#include <speedup/space.h>
#include <speedup/status.h>
#include <speedup/version.h>
#include <speedup/vocabulary.h>

/** @defgroup speedup_base Base: status, context, diagnostics
 *  @defgroup speedup_catalog Catalog: hardware, models, optimizations
 *  @defgroup speedup_compose Compose: rules and claims
 *  @defgroup speedup_estimate Estimate: scenarios and metrics
 *  @defgroup speedup_plan Plan: search, attribution, admission
 *  @defgroup speedup_report Report: text and JSON
 */

#endif
