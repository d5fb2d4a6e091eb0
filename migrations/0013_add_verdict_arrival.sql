-- When a verdict was stored, by the store's own clock, so that the stream of
-- updates can follow verdicts as it follows incidents and findings.
ALTER TABLE verdicts {{.OnCluster}} ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') DEFAULT now64(3);
