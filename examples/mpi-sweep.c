/* A search over many machines: each rank takes a part of the index range, and the
 * first rank merges what they found. Any number of ranks prints the same bits.
 * usage: mpirun -n RANKS mpi-sweep PLAN.yaml */
#include <mpi.h>
#include <speedup/speedup.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 4096 };

/* The candidates of a result: its best plans, and its front. */
static int candidates(const speedup_result *result, uint64_t *indices)
{
    int count = 0;
    for (size_t rank = 0; count < MOST && !speedup_result_best(result, rank, &indices[count]); rank++)
        count++;
    for (size_t rank = 0; count < MOST && !speedup_result_front(result, rank, &indices[count]); rank++) {
        int seen = 0;
        for (int i = 0; i < count; i++)
            seen |= indices[i] == indices[count];
        count += !seen;
    }
    return count;
}

static void stop(speedup_context *context, const char *what)
{
    fprintf(stderr, "mpi-sweep: %s\n", what);
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
        fprintf(stderr, "%s\n", speedup_diagnostic_text(context, i));
    MPI_Abort(MPI_COMM_WORLD, 1);
}

int main(int argc, char **argv)
{
    int rank, ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    speedup_context *context = NULL;
    speedup_catalog *catalog = NULL;
    speedup_space *space = NULL;
    speedup_result *mine = NULL;
    if (argc != 2 || speedup_context_create(NULL, &context) || speedup_catalog_create(context, &catalog) ||
        speedup_space_create_file(context, catalog, argv[1], NULL, 0, &space))
        stop(context, "the plan cannot be read");
    uint64_t size = speedup_space_size(space), share = size / (uint64_t)ranks + 1;
    if (speedup_space_search(context, space, share * (uint64_t)rank, share * ((uint64_t)rank + 1), 1, NULL, NULL, &mine))
        stop(context, "the search failed");

    static uint64_t indices[MOST];
    int count = candidates(mine, indices);
    if (rank) {
        MPI_Send(indices, count, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD);
    } else {
        speedup_result *all = mine;
        for (int from = 1; from < ranks; from++) {
            MPI_Status status;
            MPI_Recv(indices, MOST, MPI_UINT64_T, from, 0, MPI_COMM_WORLD, &status);
            MPI_Get_count(&status, MPI_UINT64_T, &count);
            /* A plan that another rank found is a range of one. */
            for (int i = 0; i < count; i++) {
                speedup_result *one, *merged;
                if (speedup_space_search(context, space, indices[i], indices[i] + 1, 1, NULL, NULL, &one) ||
                    speedup_result_merge(context, all, one, &merged))
                    stop(context, "the merge failed");
                speedup_result_destroy(one);
                speedup_result_destroy(all);
                all = merged;
            }
        }
        uint64_t index;
        double seconds[SPEEDUP_METRIC_COUNT];
        for (size_t place = 0; !speedup_result_best(all, place, &index); place++) {
            speedup_space_estimate(space, index, NULL, 0, seconds, SPEEDUP_METRIC_COUNT);
            printf("best %zu: plan %llu, one step %.17g s\n", place, (unsigned long long)index, seconds[SPEEDUP_METRIC_STEP_SECONDS]);
        }
        for (size_t place = 0; !speedup_result_front(all, place, &index); place++)
            printf("front %zu: plan %llu\n", place, (unsigned long long)index);
        mine = all;
    }
    speedup_result_destroy(mine);
    speedup_space_unref(space);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    MPI_Finalize();
    return 0;
}
