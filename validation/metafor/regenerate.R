# Regenerates the numbers that stromata's tests pin and that come from R's metafor.
#
#     Rscript validation/metafor/regenerate.R > pinned.csv
#     python validation/metafor/pinned.py pinned.csv
#
# Written for metafor 3.8-1 with lme4 1.1-31 and R 4.2.2 (Debian 12: r-cran-metafor, r-cran-metadat, r-cran-lme4).
# One line per number: the test file, a name, the value with 15 digits, and the digits to which it is good
# (6 where lme4 or an optimiser stops earlier). Numbers that a newer metafor defines anew are not remade here.

suppressMessages({library(metafor); library(metadat)})

TC <- list(threshold=1e-12, maxiter=10000, tol=1e-12)
out <- data.frame()
pin <- function(file, name, values, digits=9) {
   values <- unlist(values)
   if (length(values) > 1) name <- paste0(name, "[", seq_along(values), "]")
   out <<- rbind(out, data.frame(file=file, name=name, value=formatC(values, digits=15, format="g"), digits=digits))
}
fit_of <- function(res) c(res$beta, res$se)
ends <- function(dat) c(dat$yi[1], dat$vi[1], dat$yi[nrow(dat)], dat$vi[nrow(dat)])

# BCG vaccine, log risk ratios.

rr <- escalc(measure="RR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
common <- rma(yi, vi, data=rr, method="EE")
pin("pooling/test_inverse_variance.py", "bcg.EE", c(fit_of(common), common$QE, common$I2, common$H2, logLik(common)))
normand <- escalc(measure="MD", m1i=m1i, sd1i=sd1i, n1i=n1i, m2i=m2i, sd2i=sd2i, n2i=n2i, data=dat.normand1999)
reml <- rma(yi, vi, data=normand, control=TC)
pin("pooling/test_inverse_variance.py", "normand.REML", c(fit_of(reml), reml$tau2, reml$I2, logLik(reml)))
for (method in c("REML", "SJ")) for (test in c("knha", "adhoc")) {
   pin("pooling/test_inverse_variance.py", paste("bcg", method, test), rma(yi, vi, data=rr, method=method, test=test, control=TC)$se)
}
for (method in c("DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM", "PMM", "HSk")) {
   res <- rma(yi, vi, data=rr, method=method, control=TC)
   pin("pooling/test_heterogeneity.py", paste("bcg", method), c(res$tau2, res$se.tau2))
}
res <- rma(yi, vi, data=rr, method="GENQ", weights=1/sqrt(vi), control=TC)
pin("pooling/test_heterogeneity.py", "bcg GENQ", c(res$tau2, res$se.tau2))
bounds <- function(...) confint(rma(yi, vi, data=rr, control=TC, ...), control=list(tol=1e-12, maxiter=10000))$random
profile_bounds <- function(method) {
   confint(rma(yi, vi, data=rr, method=method, control=TC), type="PL", control=list(tol=1e-12, maxiter=10000))$random[1, 2:3]
}
pin("pooling/test_heterogeneity.py", "bcg QP", bounds(method="REML")[1, 2:3])
pin("pooling/test_heterogeneity.py", "bcg PL REML", profile_bounds("REML"))
pin("pooling/test_heterogeneity.py", "bcg PL ML", profile_bounds("ML"))
pin("pooling/test_pool.py", "bcg confint", c(t(bounds(method="REML")[c(1, 3, 4), 2:3])))

for (test in c("z", "t", "knha")) {
   res <- rma(yi, vi, data=rr, test=test, control=TC)
   pred <- predict(res)
   pin("pooling/test_pool.py", paste("bcg REML", test), c(res$ci.lb, res$ci.ub, pred$pi.lb, pred$pi.ub, res$pval))
}
res <- rma(yi, vi, data=rr, method="GENQ", weights=1/vi)
pin("pooling/test_pool.py", "bcg GENQ", c(fit_of(res), logLik(res)))
pft <- rma(measure="PFT", xi=xi, ni=ni, data=dat.pritz1997, control=TC)
pred <- predict(pft, transf=transf.ipft.hm, targs=list(ni=dat.pritz1997$ni))
pin("pooling/test_pool.py", "pritz PFT", c(pred$pred, pred$ci.lb, pred$ci.ub, pred$pi.lb, pred$pi.ub))
plo <- rma.glmm(measure="PLO", xi=xi, ni=ni, data=dat.pritz1997)
pred <- predict(plo)
pin("pooling/test_pool.py", "pritz GLMM", c(plo$ci.lb, plo$ci.ub, pred$pi.lb, pred$pi.ub, plo$I2), 5)
pin("pooling/test_pool.py", "pritz GLMM LRT", plo$QE.LRT)

# Tables.

for (measure in c("OR", "RR", "RD")) {
   res <- rma.mh(measure=measure, ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
   pin("pooling/test_mantel_haenszel.py", paste("bcg MH", measure), fit_of(res))
}
res <- rma.mh(measure="OR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
pin("pooling/test_mantel_haenszel.py", "bcg tests", c(res$MH, res$CO, res$BD, res$TA))
plain <- rma.mh(measure="OR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg, correct=FALSE)
pin("pooling/test_mantel_haenszel.py", "bcg CMH, not corrected", plain$MH)
pin("pooling/test_pool.py", "bcg MH", c(fit_of(res), res$QE, res$I2, res$H2, logLik(res)))
res <- rma.peto(ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
pin("pooling/test_mantel_haenszel.py", "bcg Peto", c(fit_of(res), res$QE))

# Effect sizes, first and last study.

for (measure in c("OR", "RR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "PBIT", "OR2D", "OR2DN", "OR2DL")) {
   dat <- escalc(measure=measure, ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
   pin("published_measures.py", paste("bcg", measure), ends(dat), 12)
}
for (measure in c("MD", "SMD", "SMD1", "VR", "RPB", "RBIS", "D2OR", "D2ORN", "D2ORL")) {
   dat <- escalc(measure=measure, m1i=m1i, sd1i=sd1i, n1i=n1i, m2i=m2i, sd2i=sd2i, n2i=n2i, data=dat.normand1999)
   pin("published_measures.py", paste("normand", measure), ends(dat), 12)
}
for (measure in c("MN", "MNLN", "CVLN", "SDLN", "SMN")) {
   dat <- escalc(measure=measure, mi=m1i, sdi=sd1i, ni=n1i, data=dat.normand1999)
   pin("published_measures.py", paste("normand", measure), ends(dat), 12)
}
for (measure in c("IRR", "IRD", "IRSD")) {
   dat <- escalc(measure=measure, x1i=x1i, t1i=t1i, x2i=x2i, t2i=t2i, data=dat.nielweise2008)
   pin("published_measures.py", paste("nielweise2008", measure), ends(dat), 12)
}
for (measure in c("IR", "IRLN", "IRS", "IRFT")) {
   dat <- escalc(measure=measure, xi=x1i, ti=t1i, data=dat.nielweise2008)
   pin("published_measures.py", paste("nielweise2008", measure), ends(dat), 12)
}
for (measure in c("PR", "PLN", "PLO", "PAS", "PFT")) {
   dat <- escalc(measure=measure, xi=xi, ni=ni, data=dat.debruin2009)
   pin("published_measures.py", paste("debruin", measure), ends(dat), 12)
}
for (measure in c("COR", "ZCOR")) {
   dat <- escalc(measure=measure, ri=ri, ni=ni, data=dat.molloy2014)
   pin("published_measures.py", paste("molloy", measure), ends(dat), 12)
}
for (measure in c("ARAW", "AHW", "ABT")) {
   dat <- escalc(measure=measure, ai=ai, mi=mi, ni=ni, data=dat.bonett2010)
   pin("published_measures.py", paste("bonett", measure), ends(dat), 12)
}
one <- rma(measure="RR", ai=7, n1i=50, ci=15, n2i=48, method="EE")
pin("effects/test_sizes.py", "one ratio", predict(one, transf=exp)$ci.lb)
pin("effects/test_scales.py", "transf.iirft", transf.iirft(c(0.3, 0.5, 1, 2), c(10, 10, 3.5, 7)), 12)
pin("effects/test_scales.py", "transf.ipft.hm", sapply(c(0.2, 0.5, 0.9, 1.4), transf.ipft.hm, targs=list(ni=c(5, 9, 17))), 12)

# Counts.

for (name in c("pritz1997", "debruin2009")) {
   res <- rma.glmm(measure="PLO", xi=xi, ni=ni, data=get(paste0("dat.", name)))
   pin("counts/test_binomial_normal.py", paste(name, "ML"), c(fit_of(res), res$tau2), 5)
}
res <- rma.glmm(measure="PLO", xi=xi, ni=ni, data=dat.debruin2009, method="EE")
pin("counts/test_binomial_normal.py", "debruin EE", c(fit_of(res), logLik(res), res$QE.LRT), 5)
for (model in c("UM.FS", "UM.RS", "CM.AL")) {
   res <- suppressWarnings(rma.glmm(measure="OR", ai=ai, n1i=n1i, ci=ci, n2i=n2i, data=dat.nielweise2007, model=model))
   pin("counts/test_glmm.py", paste("nielweise2007", model), c(fit_of(res), res$tau2, res$QE.LRT, res$QE.Wld), 4)
}
res <- rma.glmm(measure="IRR", x1i=x1i, t1i=t1i, x2i=x2i, t2i=t2i, data=dat.nielweise2008, model="UM.FS")
pin("counts/test_glmm.py", "nielweise2008 UM.FS", c(fit_of(res), res$tau2), 4)
res <- rma.glmm(measure="IRR", x1i=x1i, t1i=t1i, x2i=x2i, t2i=t2i, data=dat.nielweise2008, model="CM.EL")
pin("counts/test_glmm.py", "nielweise2008 CM.EL", c(fit_of(res), res$tau2, logLik(res)), 4)
res <- rma.glmm(measure="IRLN", xi=x1i, ti=t1i, data=dat.nielweise2008)
pin("counts/test_glmm.py", "nielweise2008 IRLN", c(fit_of(res), res$tau2), 4)

# Moderators, BCG.

for (method in c("REML", "EE")) {
   res <- rma(yi, vi, mods=~ablat, data=rr, method=method, control=TC)
   pin("regression/test_meta_regression.py", paste("bcg ablat", method), res$beta[2])
   pin("regression/test_meta_regression.py", paste("bcg ablat fit", method), c(AIC(res), BIC(res), AIC(res, correct=TRUE), res$R2, res$I2))
}
res <- rma(yi, vi, mods=~ablat, data=rr, control=TC)
pin("regression/test_meta_regression.py", "bcg ablat tau2", c(res$tau2, res$vt))
pred <- predict(res)
pin("regression/test_inference.py", "bcg ablat predict", c(pred$pred[1], pred$se[1], pred$ci.lb[1], pred$pi.lb[1], pred$pi.ub[1]))
pin("regression/test_inference.py", "bcg ablat confint", confint(res, control=list(tol=1e-12, maxiter=10000))$random[1, 2:3])
two <- lapply(list(~ablat, ~1), function(f) rma(yi, vi, mods=f, data=rr, method="ML", control=TC))
ratio <- anova(two[[1]], two[[2]])
pin("regression/test_inference.py", "bcg LRT", c(ratio$LRT, ratio$pval, ratio$R2))
pin("regression/test_inference.py", "bcg vif", vif(rma(yi, vi, mods=~ablat+year, data=rr, control=TC))$vifs[1])

# Several levels and outcomes.

kon <- rma.mv(yi, vi, random=~1|district/school, data=dat.konstantopoulos2011)
pin("multilevel/test_multivariate.py", "konstantopoulos", c(kon$sigma2, fit_of(kon), logLik(kon)), 6)
pin("multilevel/test_multivariate.py", "konstantopoulos QE", kon$QE)
pred <- predict(kon)
pin("multilevel/test_inference.py", "konstantopoulos predict", c(pred$pi.lb, pred$pi.ub), 6)
effects <- ranef(kon)$district
pin("multilevel/test_inference.py", "konstantopoulos ranef", c(effects$intrcpt[1], effects$se[1]), 6)
robust_fit <- robust(kon, cluster=dat.konstantopoulos2011$district)
pin("multilevel/test_robust.py", "konstantopoulos CR1", c(robust_fit$se, robust_fit$pval), 6)

write.csv(out, quote=TRUE, row.names=FALSE)
