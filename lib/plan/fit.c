/* Does a job fit, as surely as somebody asks; and a search by halves. Knows no key and no means. */
#include "plan/fit.h"

double fit_upper(const double values[METRICS], int metric, double confidence)
{
    double low, high;
    /* One-sided: a two-sided interval of 2c - 1 has c below its upper end; there is none of 0 or 1. */
    double two_sided = fmin(fmax(fabs(2 * confidence - 1), 1e-12), 1 - 1e-12);
    speedup_metric_interval(values, METRICS, metric, two_sided, &low, &high);
    return confidence >= 0.5 ? high : low;
}

double fit_lacking(const struct job *job, const double values[METRICS], double confidence)
{
    double peak = fit_upper(values, SPEEDUP_METRIC_MEMORY_NEEDED, confidence) - job->memory;
    double host = values[SPEEDUP_METRIC_MEMORY_HOST] - job->host_memory;
    /* A service gives its cache what is left over, so that its peak says nothing. */
    bool training = job->kind == JOB_TRAINING, room = values[SPEEDUP_METRIC_MAX_CONCURRENCY] <= 0 || values[SPEEDUP_METRIC_LOAD] <= 1;
    bool fits = training ? peak <= 0 && host <= 0
                         : values[SPEEDUP_METRIC_FITS] != 0 && room && values[SPEEDUP_METRIC_OUT_OF_MEMORY] <= 1 - confidence;
    return fits ? 0 : fmax(peak > 0 ? peak : host, 1);
}

enum { MOST_BELOW = 64 };

double fit_possible(fit_function look, void *user, double number, double above, enum fit_look *looked)
{
    *looked = FIT_NOT_POSSIBLE;
    for (int i = 0; i < MOST_BELOW && number - i > above; i++)
        if ((*looked = look(user, number - i)) != FIT_NOT_POSSIBLE)
            return number - i;
    return -1;
}

double fit_largest(fit_function look, void *user, double low, double high)
{
    double best = low;
    while (high - low > 1) {
        double middle = floor((low + high) / 2);
        if (!(middle > low && middle < high))
            break; /* whole numbers so large have none between them */
        enum fit_look looked;
        double number = fit_possible(look, user, middle, low, &looked);
        if (looked == FIT_TOO_MUCH) {
            high = number;
            continue;
        }
        if (looked == FIT_FITS)
            best = number;
        low = middle; /* between the number and the middle none is possible */
    }
    return best;
}
