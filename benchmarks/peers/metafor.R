# Times metafor as a black box, for benchmarks/synthesis.py.
#
# Reads one request per line, "case <tab> CSV file <tab> seconds", and answers "CPU seconds of one call <tab> value <tab>
# fits that stopped with an error"; "none" for a case that it does not know. Says its version first.

suppressMessages(library(metafor))

fits <- function(d) {
  sets <- split(d, d$set)
  function() sapply(sets, function(s) tryCatch(as.numeric(coef(rma(s$yi, s$vi))), error = function(e) NA))
}

start <- function(d) rma(d$yi, d$vi, method = "ML")

# "REML, large" is left to others: with 5,000 studies a fit takes minutes, in matrices of 5,000 by 5,000.
# Each takes the data and returns what is timed; models that an analysis starts from are fitted outside.
cases <- list(
  "REML" = fits,
  "leave-one-out" = function(d) { m <- rma(d$yi, d$vi); function() leave1out(m)$estimate[1] },
  "leave-one-out and influence" = function(d) {
    m <- rma(d$yi, d$vi)
    function() { influence(m); leave1out(m)$estimate[1] }
  },
  "all subsets" = function(d) { m <- rma(d$yi, d$vi); function() mean(gosh(m, progbar = FALSE)$res$estimate, na.rm = TRUE) },
  "regression" = function(d) function() as.numeric(coef(rma(d$yi, d$vi, mods = d$x))[2]),
  "levels" = function(d) function() as.numeric(coef(rma.mv(yi, vi, random = ~ 1 | outer/inner, data = d))),
  "GLMM" = function(d) function() as.numeric(coef(rma.glmm(measure = "PLO", xi = xi, ni = ni, data = d))),
  "stepfun" = function(d) { m <- start(d); function() as.numeric(selmodel(m, type = "stepfun", steps = 0.025)$beta) },
  "beta" = function(d) { m <- start(d); function() as.numeric(selmodel(m, type = "beta")$beta) }
)

cpu <- function() { used <- proc.time(); used[["user.self"]] + used[["sys.self"]] }

measure <- function(work, least) {
  start <- cpu()
  value <- suppressWarnings(work())
  seconds <- cpu() - start
  if (seconds < 10 * least) { # the first call of quick work only warms up
    runs <- 0
    start <- cpu()
    while (runs == 0 || cpu() - start < least) {
      suppressWarnings(work())
      runs <- runs + 1
    }
    seconds <- (cpu() - start) / runs
  }
  c(seconds, value[1], sum(is.na(value)))
}

say <- function(...) { cat(..., "\n", sep = ""); flush(stdout()) }

say("metafor ", as.character(packageVersion("metafor")), ", ", R.version.string)
requests <- file("stdin", open = "r")
while (length(line <- readLines(requests, n = 1)) > 0) {
  request <- strsplit(line, "\t")[[1]]
  if (is.null(cases[[request[1]]])) {
    say("none")
  } else {
    found <- measure(cases[[request[1]]](read.csv(request[2])), as.numeric(request[3]))
    say(paste(format(found, digits = 15), collapse = "\t"))
  }
}
