-- Volume and mood by hour of creation. Exact: FINAL, so a post counts once, in its latest revision, and not when it
-- is deleted. Direct messages count. The brand's own posts are in `n` and in `own`, and never in the mood, which is
-- what others feel. n = negative + neutral + positive + unread + own.

CREATE OR REPLACE VIEW {database}.sentiment_by_hour {on_cluster} AS
SELECT
    workspace,
    toStartOfHour(created_at) AS hour,
    platform,
    count() AS n,
    countIf(NOT own AND sentiment = 'negative') AS negative,
    countIf(NOT own AND sentiment = 'neutral') AS neutral,
    countIf(NOT own AND sentiment = 'positive') AS positive,
    countIf(NOT own AND sentiment = 'unread') AS unread,
    countIf(own) AS own_posts,
    avgIf(p_positive - p_negative, NOT own) AS mean_sentiment
FROM {database}.posts FINAL
GROUP BY workspace, hour, platform;
